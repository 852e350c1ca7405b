//! Sorted sets. Ranges are in `score_ranges.rs`.

use wirework_resp::{ReplyWriter, Version};

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::SortedSet;

pub const COMMANDS: &[Spec] = &[
    Spec::new("zadd", -4, Kind::Grow, Keys::FIRST, zadd),
    Spec::new("zincrby", 4, Kind::Grow, Keys::FIRST, zincrby),
    Spec::new("zrem", -3, Kind::Write, Keys::FIRST, zrem),
    Spec::new("zcard", 2, Kind::Read, Keys::FIRST, zcard),
    Spec::new("zscore", 3, Kind::Read, Keys::FIRST, zscore),
    Spec::new("zmscore", -3, Kind::Read, Keys::FIRST, zmscore),
    Spec::new("zrank", 3, Kind::Read, Keys::FIRST, |call| rank(call, false)),
    Spec::new("zrevrank", 3, Kind::Read, Keys::FIRST, |call| rank(call, true)),
    Spec::new("zpopmin", -2, Kind::Write, Keys::FIRST, |call| pop(call, false)),
    Spec::new("zpopmax", -2, Kind::Write, Keys::FIRST, |call| pop(call, true)),
];

/// Which changes `ZADD` makes.
#[derive(Debug, Default)]
struct Options {
    only_new: bool,
    only_known: bool,
    only_greater: bool,
    only_less: bool,
    /// Whether it counts those that have changed, rather than those that are new.
    count_changed: bool,
    increase: bool,
}

impl Options {
    /// Reads them, and tells where scores and members begin.
    fn parse(call: &Call<'_, '_>) -> Result<(Self, usize), Fault> {
        let mut options = Self::default();
        let mut place = 2;
        loop {
            match call.word(place).as_str() {
                "nx" => options.only_new = true,
                "xx" => options.only_known = true,
                "gt" => options.only_greater = true,
                "lt" => options.only_less = true,
                "ch" => options.count_changed = true,
                "incr" => options.increase = true,
                _ => break,
            }
            place += 1;
        }
        let values = call.len().saturating_sub(place);
        if values == 0 || !values.is_multiple_of(2) {
            return Err(Fault::SYNTAX);
        }
        if options.only_new && options.only_known {
            return Err(Fault::text("ERR XX and NX options at the same time are not compatible"));
        }
        let bounds = [options.only_greater, options.only_less, options.only_new];
        if bounds.iter().filter(|bound| **bound).count() > 1 {
            let text = "ERR GT, LT, and/or NX options at the same time are not compatible";
            return Err(Fault::text(text));
        }
        if options.increase && values > 2 {
            return Err(Fault::text("ERR INCR option supports a single increment-element pair"));
        }
        Ok((options, place))
    }

    /// The score that a member gets, if it is to be set.
    fn score(&self, known: Option<f64>, given: f64) -> Result<Option<f64>, Fault> {
        let Some(known) = known else {
            return Ok((!self.only_known).then_some(given));
        };
        let score = if self.increase { known + given } else { given };
        if score.is_nan() {
            return Err(Fault::NO_NUMBER);
        }
        let is_refused = self.only_new || self.only_greater && score <= known || self.only_less && score >= known;
        Ok((!is_refused).then_some(score))
    }
}

fn zadd(call: &mut Call<'_, '_>) -> Outcome {
    let (options, first) = Options::parse(call)?;
    // All scores are read before any is set.
    for (score, _) in call.pairs(first) {
        number::parse_float(score)?;
    }
    let (key, pairs) = (call.arg(1), call.pairs(first));
    let (mut new, mut changed, mut last) = (0, 0, None);
    let add = |set: &mut SortedSet| {
        for (score, member) in pairs {
            last = options.score(set.score(member), number::parse_float(score)?)?;
            let Some(score) = last else { continue };
            match set.set(member, score) {
                None => new += 1,
                Some(before) => changed += usize::from(before.total_cmp(&score).is_ne()),
            }
        }
        Ok(())
    };
    call.db().change_or_new(key, add)??;
    if options.increase {
        match last {
            Some(score) => call.reply.double(score),
            None => call.reply.null(),
        }
    } else {
        call.reply
            .count(if options.count_changed { new + changed } else { new });
    }
    Ok(())
}

fn zincrby(call: &mut Call<'_, '_>) -> Outcome {
    let (key, by, member) = (call.arg(1), number::parse_float(call.arg(2))?, call.arg(3));
    let score = call.db().change_or_new(key, |set: &mut SortedSet| {
        let score = set.score(member).unwrap_or(0.0) + by;
        if score.is_nan() {
            return Err(Fault::NO_NUMBER);
        }
        set.set(member, score);
        Ok(score)
    })??;
    call.reply.double(score);
    Ok(())
}

fn zrem(call: &mut Call<'_, '_>) -> Outcome {
    let (key, members) = (call.arg(1), call.args(2));
    let removed = call.db().change(key, |set: &mut SortedSet| {
        members.filter(|member| set.remove(member).is_some()).count()
    })?;
    call.reply.count(removed.unwrap_or(0));
    Ok(())
}

fn zcard(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<SortedSet>(key)?.map_or(0, SortedSet::len);
    call.reply.count(len);
    Ok(())
}

fn reply_score(reply: &mut ReplyWriter<'_>, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

fn zscore(call: &mut Call<'_, '_>) -> Outcome {
    let [key, member] = [call.arg(1), call.arg(2)];
    let set = call.db().read::<SortedSet>(key)?;
    let score = set.and_then(|set| set.score(member));
    reply_score(call.reply, score);
    Ok(())
}

fn zmscore(call: &mut Call<'_, '_>) -> Outcome {
    let (key, members) = (call.arg(1), call.args(2));
    let set = call.store.db().read::<SortedSet>(key)?;
    call.reply.array(members.len());
    for member in members {
        reply_score(call.reply, set.and_then(|set| set.score(member)));
    }
    Ok(())
}

fn rank(call: &mut Call<'_, '_>, is_reversed: bool) -> Outcome {
    let [key, member] = [call.arg(1), call.arg(2)];
    let set = call.db().read::<SortedSet>(key)?;
    let rank = set.and_then(|set| {
        let rank = set.rank(member)?;
        Some(if is_reversed { set.len() - 1 - rank } else { rank })
    });
    match rank {
        Some(rank) => call.reply.count(rank),
        None => call.reply.null(),
    }
    Ok(())
}

fn pop(call: &mut Call<'_, '_>, highest: bool) -> Outcome {
    let (key, count) = match call.len() {
        2 => (call.arg(1), None),
        3 => (call.arg(1), Some(number::parse_count(call.arg(2))?)),
        _ => return Err(Fault::SYNTAX),
    };
    let len = call.db().read::<SortedSet>(key)?.map_or(0, SortedSet::len);
    let popped = len.min(count.unwrap_or(1));
    // In RESP3, what was asked for with a count comes as pairs.
    let in_pairs = count.is_some() && call.reply.version() == Version::Resp3;
    call.reply.array(if in_pairs { popped } else { popped * 2 });
    let reply = &mut *call.reply;
    call.store.db().change(key, |set: &mut SortedSet| {
        for scored in (0..popped).filter_map(|_| set.pop(highest)) {
            if in_pairs {
                reply.array(2);
            }
            reply.bulk(&scored.member);
            reply.double(scored.score);
        }
    })?;
    Ok(())
}
