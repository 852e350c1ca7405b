//! Parts of sorted sets: by rank, by score, or by member.

use std::ops::Range;

use wirework_resp::Version;

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::{Blob, SortedSet};

pub const COMMANDS: &[Spec] = &[
    Spec::new("zrange", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Rank, false)
    }),
    Spec::new("zrevrange", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Rank, true)
    }),
    Spec::new("zrangebyscore", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Score, false)
    }),
    Spec::new("zrevrangebyscore", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Score, true)
    }),
    Spec::new("zrangebylex", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Lex, false)
    }),
    Spec::new("zrevrangebylex", -4, Kind::Read, Keys::FIRST, |call| {
        zrange(call, By::Lex, true)
    }),
    Spec::new("zcount", 4, Kind::Read, Keys::FIRST, |call| count(call, By::Score)),
    Spec::new("zlexcount", 4, Kind::Read, Keys::FIRST, |call| count(call, By::Lex)),
    Spec::new("zremrangebyrank", 4, Kind::Write, Keys::FIRST, |call| {
        remove(call, By::Rank)
    }),
    Spec::new("zremrangebyscore", 4, Kind::Write, Keys::FIRST, |call| {
        remove(call, By::Score)
    }),
    Spec::new("zremrangebylex", 4, Kind::Write, Keys::FIRST, |call| {
        remove(call, By::Lex)
    }),
];

/// By what a range is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// A range as it was told, not yet of a particular set.
#[derive(Debug)]
enum Bounds<'a> {
    Rank(i64, i64),
    Score(ScoreBound, ScoreBound),
    Lex(LexBound<'a>, LexBound<'a>),
}

/// An end of a range of scores.
#[derive(Debug, Clone, Copy)]
struct ScoreBound {
    score: f64,
    is_exclusive: bool,
}

impl ScoreBound {
    fn parse(text: &[u8]) -> Result<Self, Fault> {
        let (text, is_exclusive) = match text {
            [b'(', text @ ..] => (text, true),
            text => (text, false),
        };
        let score = number::float(text).ok_or(Fault::NOT_A_SCORE_RANGE)?;
        Ok(Self { score, is_exclusive })
    }
}

/// An end of a range of members.
#[derive(Debug, Clone, Copy)]
enum LexBound<'a> {
    First,
    Last,
    Inclusive(&'a [u8]),
    Exclusive(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        match text {
            b"-" => Ok(Self::First),
            b"+" => Ok(Self::Last),
            [b'[', member @ ..] => Ok(Self::Inclusive(member)),
            [b'(', member @ ..] => Ok(Self::Exclusive(member)),
            _ => Err(Fault::text("ERR min or max not valid string range item")),
        }
    }

    /// Whether a member lies before a range that begins here.
    fn is_after(self, member: &[u8]) -> bool {
        match self {
            Self::First => false,
            Self::Last => true,
            Self::Inclusive(bound) => member < bound,
            Self::Exclusive(bound) => member <= bound,
        }
    }

    /// Whether a member lies within a range that ends here.
    fn is_not_before(self, member: &[u8]) -> bool {
        match self {
            Self::First => false,
            Self::Last => true,
            Self::Inclusive(bound) => member <= bound,
            Self::Exclusive(bound) => member < bound,
        }
    }
}

impl<'a> Bounds<'a> {
    fn parse(by: By, low: &'a [u8], high: &'a [u8]) -> Result<Self, Fault> {
        Ok(match by {
            By::Rank => Self::Rank(number::parse(low)?, number::parse(high)?),
            By::Score => Self::Score(ScoreBound::parse(low)?, ScoreBound::parse(high)?),
            By::Lex => Self::Lex(LexBound::parse(low)?, LexBound::parse(high)?),
        })
    }

    /// The ranks that lie within. Those of a reversed range of ranks count from the end.
    fn ranks(&self, set: &SortedSet, is_reversed: bool) -> Range<usize> {
        let (start, end) = match *self {
            Self::Rank(start, stop) => {
                let range = number::range(start, stop, set.len());
                if !is_reversed {
                    return range;
                }
                (set.len() - range.end, set.len() - range.start)
            }
            Self::Score(low, high) => (
                set.count_while(|it| it.score < low.score || low.is_exclusive && it.score <= low.score),
                set.count_while(|it| it.score < high.score || !high.is_exclusive && it.score <= high.score),
            ),
            Self::Lex(low, high) => (
                set.count_while(|it| low.is_after(&it.member)),
                set.count_while(|it| high.is_not_before(&it.member)),
            ),
        };
        start.min(end)..end
    }
}

/// `ZRANGE` and all its older forms.
fn zrange(call: &mut Call<'_, '_>, by: By, is_reversed: bool) -> Outcome {
    let (mut by, mut is_reversed, mut with_scores, mut limit) = (by, is_reversed, false, None);
    let is_general = call.is(0, "zrange");
    let mut place = 4;
    while place < call.len() {
        match call.word(place).as_str() {
            "byscore" if is_general => by = By::Score,
            "bylex" if is_general => by = By::Lex,
            "rev" if is_general => is_reversed = true,
            "withscores" => with_scores = true,
            "limit" if place + 2 < call.len() => {
                limit = Some((call.integer(place + 1)?, call.integer(place + 2)?));
                place += 2;
            }
            _ => return Err(Fault::SYNTAX),
        }
        place += 1;
    }
    if limit.is_some() && by == By::Rank {
        let text = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
        return Err(Fault::text(text));
    }
    if with_scores && by == By::Lex {
        let text = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
        return Err(Fault::text(text));
    }
    // A reversed range of scores or members is told from its high end.
    let swapped = is_reversed && by != By::Rank;
    let (low, high) = if swapped { (3, 2) } else { (2, 3) };
    let bounds = Bounds::parse(by, call.arg(low), call.arg(high))?;
    let key = call.arg(1);
    let Some(set) = call.store.db().read::<SortedSet>(key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let ranks = limited(bounds.ranks(set, is_reversed), limit, is_reversed);
    let count = ranks.len();
    let in_pairs = with_scores && call.reply.version() == Version::Resp3;
    call.reply
        .array(if with_scores && !in_pairs { count * 2 } else { count });
    let mut write = |scored: &crate::store::Scored| {
        if in_pairs {
            call.reply.array(2);
        }
        call.reply.bulk(&scored.member);
        if with_scores {
            call.reply.double(scored.score);
        }
    };
    if count == 0 {
        return Ok(());
    }
    if is_reversed {
        set.backwards(ranks.end - 1).take(count).for_each(&mut write);
    } else {
        set.forwards(ranks.start).take(count).for_each(&mut write);
    }
    Ok(())
}

/// The part of a range that `LIMIT offset count` leaves. A negative count is any number, a negative offset leaves nothing.
fn limited(ranks: Range<usize>, limit: Option<(i64, i64)>, is_reversed: bool) -> Range<usize> {
    let Some((offset, count)) = limit else { return ranks };
    let offset = usize::try_from(offset).map_or(ranks.len(), |offset| offset.min(ranks.len()));
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(ranks.len() - offset);
    if is_reversed {
        let end = ranks.end - offset;
        end - count..end
    } else {
        let start = ranks.start + offset;
        start..start + count
    }
}

fn count(call: &mut Call<'_, '_>, by: By) -> Outcome {
    let bounds = Bounds::parse(by, call.arg(2), call.arg(3))?;
    let key = call.arg(1);
    let set = call.db().read::<SortedSet>(key)?;
    let count = set.map_or(0, |set| bounds.ranks(set, false).len());
    call.reply.count(count);
    Ok(())
}

fn remove(call: &mut Call<'_, '_>, by: By) -> Outcome {
    let bounds = Bounds::parse(by, call.arg(2), call.arg(3))?;
    let key = call.arg(1);
    let removed = call.db().change(key, |set: &mut SortedSet| {
        let ranks = bounds.ranks(set, false);
        let members = set.forwards(ranks.start).take(ranks.len());
        let members: Vec<Blob> = members.map(|scored| scored.member.clone()).collect();
        for member in &members {
            set.remove(member);
        }
        members.len()
    })?;
    call.reply.count(removed.unwrap_or(0));
    Ok(())
}
