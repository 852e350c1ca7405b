//! Sets.

use indexmap::IndexSet;

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::{Blob, Db, Set};

pub const COMMANDS: &[Spec] = &[
    Spec::new("sadd", -3, Kind::Grow, Keys::FIRST, sadd),
    Spec::new("srem", -3, Kind::Write, Keys::FIRST, srem),
    Spec::new("smembers", 2, Kind::Read, Keys::FIRST, |call| {
        combine(call, Operation::Union)
    }),
    Spec::new("sismember", 3, Kind::Read, Keys::FIRST, sismember),
    Spec::new("smismember", -3, Kind::Read, Keys::FIRST, smismember),
    Spec::new("scard", 2, Kind::Read, Keys::FIRST, scard),
    Spec::new("spop", -2, Kind::Write, Keys::FIRST, spop),
    Spec::new("srandmember", -2, Kind::Read, Keys::FIRST, srandmember),
    Spec::new("smove", 4, Kind::Grow, Keys::TWO, smove),
    Spec::new("sinter", -2, Kind::Read, Keys::ALL, |call| {
        combine(call, Operation::Inter)
    }),
    Spec::new("sunion", -2, Kind::Read, Keys::ALL, |call| {
        combine(call, Operation::Union)
    }),
    Spec::new("sdiff", -2, Kind::Read, Keys::ALL, |call| {
        combine(call, Operation::Diff)
    }),
    Spec::new("sinterstore", -3, Kind::Grow, Keys::ALL, |call| {
        store(call, Operation::Inter)
    }),
    Spec::new("sunionstore", -3, Kind::Grow, Keys::ALL, |call| {
        store(call, Operation::Union)
    }),
    Spec::new("sdiffstore", -3, Kind::Grow, Keys::ALL, |call| {
        store(call, Operation::Diff)
    }),
    Spec::new("sintercard", -3, Kind::Read, Keys::NONE, sintercard),
];

fn sadd(call: &mut Call<'_, '_>) -> Outcome {
    let (key, members) = (call.arg(1), call.args(2));
    let new = call
        .db()
        .change_or_new(key, |set: &mut Set| members.filter(|member| set.add(member)).count())?;
    call.reply.count(new);
    Ok(())
}

fn srem(call: &mut Call<'_, '_>) -> Outcome {
    let (key, members) = (call.arg(1), call.args(2));
    let removed = call
        .db()
        .change(key, |set: &mut Set| members.filter(|member| set.remove(member)).count())?;
    call.reply.count(removed.unwrap_or(0));
    Ok(())
}

fn sismember(call: &mut Call<'_, '_>) -> Outcome {
    let [key, member] = [call.arg(1), call.arg(2)];
    let is_in = call.db().read::<Set>(key)?.is_some_and(|set| set.contains(member));
    call.yes_or_no(is_in);
    Ok(())
}

fn smismember(call: &mut Call<'_, '_>) -> Outcome {
    let (key, members) = (call.arg(1), call.args(2));
    let set = call.store.db().read::<Set>(key)?;
    call.reply.array(members.len());
    for member in members {
        let is_in = set.is_some_and(|set| set.contains(member));
        call.reply.integer(i64::from(is_in));
    }
    Ok(())
}

fn scard(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<Set>(key)?.map_or(0, Set::len);
    call.reply.count(len);
    Ok(())
}

fn spop(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<Set>(key)?.map_or(0, Set::len);
    match call.len() {
        2 => {
            let place = call.store.roll(len);
            let popped = call.db().change(key, |set: &mut Set| set.remove_at(place))?;
            call.reply.bulk_or_null(popped);
        }
        3 => {
            let count = number::parse_count(call.arg(2))?.min(len);
            // From all that are left each time, so that all choices are alike.
            let places: Vec<_> = (0..count).map(|popped| call.store.roll(len - popped)).collect();
            call.reply.set(count);
            let reply = &mut *call.reply;
            call.store.db().change(key, |set: &mut Set| {
                for place in places {
                    reply.bulk(set.remove_at(place));
                }
            })?;
        }
        _ => return Err(Fault::SYNTAX),
    }
    Ok(())
}

fn srandmember(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<Set>(key)?.map_or(0, Set::len);
    match call.len() {
        2 => {
            let place = call.store.roll(len);
            let set = call.store.db().read::<Set>(key)?;
            call.reply.bulk_or_null(set.and_then(|set| set.at(place)));
        }
        3 => {
            let count = super::hashes::random_count(call)?;
            let places = call.store.sample(len, count);
            call.reply.array(places.len());
            if let Some(set) = call.store.db().read::<Set>(key)? {
                for place in places {
                    call.reply.bulk_or_null(set.at(place));
                }
            }
        }
        _ => return Err(Fault::SYNTAX),
    }
    Ok(())
}

fn smove(call: &mut Call<'_, '_>) -> Outcome {
    let [from, to, member] = [call.arg(1), call.arg(2), call.arg(3)];
    let db = call.db();
    let source = db.read::<Set>(from)?;
    let (is_set, is_there) = (source.is_some(), source.is_some_and(|set| set.contains(member)));
    if is_set {
        db.read::<Set>(to)?;
    }
    if is_there && from != to {
        db.change(from, |set: &mut Set| set.remove(member))?;
        db.change_or_new(to, |set: &mut Set| set.add(member))?;
    }
    call.yes_or_no(is_there);
    Ok(())
}

/// What becomes of several sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Inter,
    Union,
    Diff,
}

impl Operation {
    fn of<'k>(self, db: &mut Db, mut keys: impl Iterator<Item = &'k [u8]>) -> Result<IndexSet<Blob>, Fault> {
        let members = |db: &mut Db, key: &[u8]| -> Result<Vec<Blob>, Fault> {
            let set = db.read::<Set>(key)?;
            Ok(set.map(|set| set.iter().cloned().collect()).unwrap_or_default())
        };
        let mut result: IndexSet<_> = match keys.next() {
            Some(first) => members(db, first)?.into_iter().collect(),
            None => IndexSet::new(),
        };
        for key in keys {
            match self {
                Self::Union => result.extend(members(db, key)?),
                Self::Inter => {
                    let set = db.read::<Set>(key)?;
                    result.retain(|member| set.is_some_and(|set| set.contains(member)));
                }
                Self::Diff => {
                    let set = db.read::<Set>(key)?;
                    result.retain(|member| set.is_none_or(|set| !set.contains(member)));
                }
            }
        }
        Ok(result)
    }
}

/// `SINTER`, `SUNION` and `SDIFF`; and `SMEMBERS`, which is the union of one.
fn combine(call: &mut Call<'_, '_>, operation: Operation) -> Outcome {
    let keys = call.args(1);
    let result = operation.of(call.db(), keys)?;
    call.reply.set(result.len());
    for member in result {
        call.reply.bulk(member);
    }
    Ok(())
}

/// `SINTERSTORE` and the like.
fn store(call: &mut Call<'_, '_>, operation: Operation) -> Outcome {
    let (into, keys) = (call.arg(1), call.args(2));
    let result = operation.of(call.db(), keys)?;
    call.db().remove(into);
    let stored = call.db().change_or_new(into, |set: &mut Set| {
        result.iter().filter(|member| set.add(member)).count()
    })?;
    call.reply.count(stored);
    Ok(())
}

fn sintercard(call: &mut Call<'_, '_>) -> Outcome {
    let count = number::integer(call.arg(1)).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0);
    let count = count.ok_or(Fault::text("ERR numkeys should be greater than 0"))?;
    if count > call.len() - 2 {
        return Err(Fault::text("ERR Number of keys can't be greater than number of args"));
    }
    let limit = match call.len() - 2 - count {
        0 => 0,
        2 if call.is(2 + count, "limit") => {
            let text = Fault::text("ERR LIMIT can't be negative");
            number::parse_count(call.arg(3 + count)).map_err(|_| text)?
        }
        _ => return Err(Fault::SYNTAX),
    };
    let keys = call.args(2).take(count);
    let found = Operation::Inter.of(call.db(), keys)?.len();
    call.reply.count(if limit == 0 { found } else { found.min(limit) });
    Ok(())
}
