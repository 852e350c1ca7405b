//! Lists. Those commands that wait are in `blocking.rs`.

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::{Blob, End, List};

pub const COMMANDS: &[Spec] = &[
    Spec::new("lpush", -3, Kind::Grow, Keys::FIRST, |call| push(call, End::Left)),
    Spec::new("rpush", -3, Kind::Grow, Keys::FIRST, |call| push(call, End::Right)),
    Spec::new("lpushx", -3, Kind::Grow, Keys::FIRST, |call| pushx(call, End::Left)),
    Spec::new("rpushx", -3, Kind::Grow, Keys::FIRST, |call| pushx(call, End::Right)),
    Spec::new("lpop", -2, Kind::Write, Keys::FIRST, |call| pop(call, End::Left)),
    Spec::new("rpop", -2, Kind::Write, Keys::FIRST, |call| pop(call, End::Right)),
    Spec::new("llen", 2, Kind::Read, Keys::FIRST, llen),
    Spec::new("lrange", 4, Kind::Read, Keys::FIRST, lrange),
    Spec::new("lindex", 3, Kind::Read, Keys::FIRST, lindex),
    Spec::new("lset", 4, Kind::Grow, Keys::FIRST, lset),
    Spec::new("linsert", 5, Kind::Grow, Keys::FIRST, linsert),
    Spec::new("lrem", 4, Kind::Write, Keys::FIRST, lrem),
    Spec::new("ltrim", 4, Kind::Write, Keys::FIRST, ltrim),
    Spec::new("lmove", 5, Kind::Grow, Keys::TWO, lmove),
    Spec::new("rpoplpush", 3, Kind::Grow, Keys::TWO, |call| {
        move_item(call, End::Right, End::Left)
    }),
    Spec::new("lpos", -3, Kind::Read, Keys::FIRST, lpos),
];

fn push(call: &mut Call<'_, '_>, end: End) -> Outcome {
    let (key, items) = (call.arg(1), call.args(2));
    let len = call.db().change_or_new(key, |list: &mut List| {
        items.for_each(|item| list.push(end, item));
        list.len()
    })?;
    call.reply.count(len);
    Ok(())
}

fn pushx(call: &mut Call<'_, '_>, end: End) -> Outcome {
    let (key, items) = (call.arg(1), call.args(2));
    let len = call.db().change(key, |list: &mut List| {
        items.for_each(|item| list.push(end, item));
        list.len()
    })?;
    call.reply.count(len.unwrap_or(0));
    Ok(())
}

fn pop(call: &mut Call<'_, '_>, end: End) -> Outcome {
    let key = call.arg(1);
    match call.len() {
        2 => {
            let item = call.db().change(key, |list: &mut List| list.pop(end))?.flatten();
            call.reply.bulk_or_null(item);
        }
        3 => {
            let count = number::parse_count(call.arg(2))?;
            let reply = &mut *call.reply;
            let popped = call.store.db().change(key, |list: &mut List| {
                let count = count.min(list.len());
                reply.array(count);
                for _ in 0..count {
                    reply.bulk_or_null(list.pop(end));
                }
            })?;
            if popped.is_none() {
                call.reply.null_array();
            }
        }
        _ => return Err(call.wrong_arity()),
    }
    Ok(())
}

fn llen(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<List>(key)?.map_or(0, List::len);
    call.reply.count(len);
    Ok(())
}

fn lrange(call: &mut Call<'_, '_>) -> Outcome {
    let (key, start, stop) = (call.arg(1), call.integer(2)?, call.integer(3)?);
    let Some(list) = call.store.db().read::<List>(key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let items = list.range(number::range(start, stop, list.len()));
    call.reply.array(items.len());
    for item in items {
        call.reply.bulk(item);
    }
    Ok(())
}

fn lindex(call: &mut Call<'_, '_>) -> Outcome {
    let (key, index) = (call.arg(1), call.integer(2));
    let Some(list) = call.store.db().read::<List>(key)? else {
        call.reply.null();
        return Ok(());
    };
    let place = list.place(index?);
    call.reply.bulk_or_null(place.and_then(|place| list.get(place)));
    Ok(())
}

fn lset(call: &mut Call<'_, '_>) -> Outcome {
    let (key, index, item) = (call.arg(1), call.integer(2), call.arg(3));
    if call.db().read::<List>(key)?.is_none() {
        return Err(Fault::NO_SUCH_KEY);
    }
    let index = index?;
    let is_set = call.db().change(key, |list: &mut List| {
        list.place(index).map(|place| list.set(place, item)).is_some()
    })?;
    if is_set != Some(true) {
        return Err(Fault::INDEX);
    }
    call.reply.ok();
    Ok(())
}

fn linsert(call: &mut Call<'_, '_>) -> Outcome {
    let behind = match call.word(2).as_str() {
        "before" => 0,
        "after" => 1,
        _ => return Err(Fault::SYNTAX),
    };
    let [key, pivot, item] = [call.arg(1), call.arg(3), call.arg(4)];
    let len = call.db().change(key, |list: &mut List| {
        let place = list.iter().position(|other| other[..] == *pivot)?;
        list.insert(place + behind, item);
        Some(list.len())
    })?;
    match len {
        None => call.reply.integer(0),
        Some(None) => call.reply.integer(-1),
        Some(Some(len)) => call.reply.count(len),
    }
    Ok(())
}

fn lrem(call: &mut Call<'_, '_>) -> Outcome {
    let (key, count, item) = (call.arg(1), call.integer(2)?, call.arg(3));
    let from = if count < 0 { End::Right } else { End::Left };
    let limit = match count.unsigned_abs() {
        0 => usize::MAX,
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let removed = call
        .db()
        .change(key, |list: &mut List| list.remove(item, from, limit))?;
    call.reply.count(removed.unwrap_or(0));
    Ok(())
}

fn ltrim(call: &mut Call<'_, '_>) -> Outcome {
    let (key, start, stop) = (call.arg(1), call.integer(2)?, call.integer(3)?);
    call.db().change(key, |list: &mut List| {
        list.trim(number::range(start, stop, list.len()));
    })?;
    call.reply.ok();
    Ok(())
}

/// An argument that is an end of a list.
pub fn end(call: &Call<'_, '_>, place: usize) -> Result<End, Fault> {
    match call.word(place).as_str() {
        "left" => Ok(End::Left),
        "right" => Ok(End::Right),
        _ => Err(Fault::SYNTAX),
    }
}

fn lmove(call: &mut Call<'_, '_>) -> Outcome {
    let (from, to) = (end(call, 3)?, end(call, 4)?);
    move_item(call, from, to)
}

fn move_item(call: &mut Call<'_, '_>, from: End, to: End) -> Outcome {
    let [key, into] = [call.arg(1), call.arg(2)];
    let item = call.db().move_item(key, from, into, to)?;
    call.reply.bulk_or_null(item);
    Ok(())
}

/// What `LPOS` looks for.
#[derive(Debug)]
struct Search {
    /// From which match on, counted from the end where it is negative.
    rank: i64,
    /// How many of them, if it matters.
    count: Option<usize>,
    /// How many items are looked at.
    max: usize,
}

impl Search {
    fn parse(call: &Call<'_, '_>) -> Result<Self, Fault> {
        let mut search = Self {
            rank: 1,
            count: None,
            max: usize::MAX,
        };
        let no_limit = |count| if count == 0 { usize::MAX } else { count };
        for (option, place) in (3..call.len()).step_by(2).map(|place| (call.word(place), place + 1)) {
            if place == call.len() {
                return Err(Fault::SYNTAX);
            }
            let count = number::parse_count(call.arg(place)).map(no_limit);
            match option.as_str() {
                "rank" => search.rank = rank(call.integer(place)?)?,
                "count" => search.count = Some(count.map_err(|_| Fault::text("ERR COUNT can't be negative"))?),
                "maxlen" => search.max = count.map_err(|_| Fault::text("ERR MAXLEN can't be negative"))?,
                _ => return Err(Fault::SYNTAX),
            }
        }
        Ok(search)
    }

    /// The places of the items that are equal.
    fn places(&self, list: &List, item: &[u8]) -> Vec<usize> {
        let skipped = usize::try_from(self.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
        let wanted = self.count.unwrap_or(1);
        let equal = |(place, other): (usize, &Blob)| (other[..] == *item).then_some(place);
        let items = list.iter().enumerate();
        if self.rank > 0 {
            items
                .take(self.max)
                .filter_map(equal)
                .skip(skipped)
                .take(wanted)
                .collect()
        } else {
            let items = items.rev().take(self.max);
            items.filter_map(equal).skip(skipped).take(wanted).collect()
        }
    }
}

fn rank(rank: i64) -> Result<i64, Fault> {
    match rank {
        0 => Err(Fault::text(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start \
             from the end of the list",
        )),
        i64::MIN => Err(Fault::text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        rank => Ok(rank),
    }
}

fn lpos(call: &mut Call<'_, '_>) -> Outcome {
    let search = Search::parse(call)?;
    let [key, item] = [call.arg(1), call.arg(2)];
    let list = call.db().read::<List>(key)?;
    let found = list.map(|list| search.places(list, item)).unwrap_or_default();
    if search.count.is_some() {
        call.reply.array(found.len());
        for place in found {
            call.reply.count(place);
        }
    } else if let Some(place) = found.first() {
        call.reply.count(*place);
    } else {
        call.reply.null();
    }
    Ok(())
}
