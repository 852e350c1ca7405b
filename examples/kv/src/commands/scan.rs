//! Going through everything, a few at a time.
//!
//! Keys, fields and members lie in a row, and what is removed is replaced by the last. So a cursor is a place, and scans go
//! from the end to the front: what was there all the time is met, for it only ever moves towards the front, into a place
//! that is still to come unless it has been met already. What is added goes to the end.

use std::ops::Range;

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::glob;
use crate::number;
use crate::store::{Hash, Set, SortedSet};

pub const COMMANDS: &[Spec] = &[
    Spec::new("scan", -2, Kind::Read, Keys::NONE, scan),
    Spec::new("hscan", -3, Kind::Read, Keys::FIRST, hscan),
    Spec::new("sscan", -3, Kind::Read, Keys::FIRST, sscan),
    Spec::new("zscan", -3, Kind::Read, Keys::FIRST, zscan),
];

/// Where a scan is, and what it looks for.
#[derive(Debug)]
struct Scan<'a> {
    cursor: usize,
    pattern: Option<&'a [u8]>,
    count: usize,
    type_name: Option<String>,
}

impl<'a> Scan<'a> {
    fn parse(call: &Call<'a, '_>, at: usize) -> Result<Self, Fault> {
        let cursor = std::str::from_utf8(call.arg(at))
            .ok()
            .and_then(|text| text.parse().ok());
        let mut scan = Self {
            cursor: cursor.ok_or(Fault::CURSOR)?,
            pattern: None,
            count: 10,
            type_name: None,
        };
        let mut place = at + 1;
        while place < call.len() {
            if place + 1 == call.len() {
                return Err(Fault::SYNTAX);
            }
            match call.word(place).as_str() {
                "match" => scan.pattern = Some(call.arg(place + 1)),
                "count" => {
                    let count = usize::try_from(call.integer(place + 1)?).ok();
                    scan.count = count.filter(|count| *count > 0).ok_or(Fault::SYNTAX)?;
                }
                "type" if at == 1 => scan.type_name = Some(call.word(place + 1)),
                _ => return Err(Fault::SYNTAX),
            }
            place += 2;
        }
        Ok(scan)
    }

    /// The places to look at now, of so many; the next cursor is where they start.
    fn places(&self, len: usize) -> Range<usize> {
        let end = if self.cursor == 0 { len } else { self.cursor.min(len) };
        end.saturating_sub(self.count)..end
    }

    fn wants(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }

    /// Answers with the next cursor and with what `write` writes for each place: so many values.
    fn answer(&self, call: &mut Call<'_, '_>, len: usize, mut write: impl FnMut(&mut Call<'_, '_>, usize) -> usize) {
        let places = self.places(len);
        call.reply.array(2);
        call.reply.bulk_integer(i64::try_from(places.start).unwrap_or(0));
        let begun = call.reply.begin();
        let written = places.rev().map(|place| write(call, place)).sum();
        call.reply.finish_array(begun, written);
    }
}

fn scan(call: &mut Call<'_, '_>) -> Outcome {
    let scan = Scan::parse(call, 1)?;
    let len = call.db().len();
    scan.answer(call, len, |call, place| {
        let Some((key, entry)) = call.store.db().at(place) else {
            return 0;
        };
        let of_type = scan
            .type_name
            .as_deref()
            .is_none_or(|name| name == entry.value.type_name());
        if !of_type || !scan.wants(key) {
            return 0;
        }
        call.reply.bulk(key);
        1
    });
    Ok(())
}

fn hscan(call: &mut Call<'_, '_>) -> Outcome {
    let scan = Scan::parse(call, 2)?;
    let key = call.arg(1);
    let len = call.db().read::<Hash>(key)?.map_or(0, Hash::len);
    scan.answer(call, len, |call, place| {
        let hash = call.store.db().read::<Hash>(key).ok().flatten();
        let Some((field, value)) = hash.and_then(|hash| hash.at(place)) else {
            return 0;
        };
        if !scan.wants(field) {
            return 0;
        }
        call.reply.bulk(field);
        call.reply.bulk(value);
        2
    });
    Ok(())
}

fn sscan(call: &mut Call<'_, '_>) -> Outcome {
    let scan = Scan::parse(call, 2)?;
    let key = call.arg(1);
    let len = call.db().read::<Set>(key)?.map_or(0, Set::len);
    scan.answer(call, len, |call, place| {
        let set = call.store.db().read::<Set>(key).ok().flatten();
        let Some(member) = set.and_then(|set| set.at(place)) else {
            return 0;
        };
        if !scan.wants(member) {
            return 0;
        }
        call.reply.bulk(member);
        1
    });
    Ok(())
}

fn zscan(call: &mut Call<'_, '_>) -> Outcome {
    let scan = Scan::parse(call, 2)?;
    let key = call.arg(1);
    let len = call.db().read::<SortedSet>(key)?.map_or(0, SortedSet::len);
    scan.answer(call, len, |call, place| {
        let set = call.store.db().read::<SortedSet>(key).ok().flatten();
        let Some((member, score)) = set.and_then(|set| set.at(place)) else {
            return 0;
        };
        if !scan.wants(member) {
            return 0;
        }
        call.reply.bulk(member);
        // A bulk string in both versions of the protocol.
        call.reply.bulk(number::plain(score));
        2
    });
    Ok(())
}
