//! Hashes.

use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::{Blob, Hash};

pub const COMMANDS: &[Spec] = &[
    Spec::new("hset", -4, Kind::Grow, Keys::FIRST, hset),
    Spec::new("hmset", -4, Kind::Grow, Keys::FIRST, hset),
    Spec::new("hsetnx", 4, Kind::Grow, Keys::FIRST, hsetnx),
    Spec::new("hget", 3, Kind::Read, Keys::FIRST, hget),
    Spec::new("hmget", -3, Kind::Read, Keys::FIRST, hmget),
    Spec::new("hgetall", 2, Kind::Read, Keys::FIRST, hgetall),
    Spec::new("hkeys", 2, Kind::Read, Keys::FIRST, |call| {
        list(call, |(field, _)| field)
    }),
    Spec::new("hvals", 2, Kind::Read, Keys::FIRST, |call| {
        list(call, |(_, value)| value)
    }),
    Spec::new("hdel", -3, Kind::Write, Keys::FIRST, hdel),
    Spec::new("hexists", 3, Kind::Read, Keys::FIRST, hexists),
    Spec::new("hlen", 2, Kind::Read, Keys::FIRST, hlen),
    Spec::new("hstrlen", 3, Kind::Read, Keys::FIRST, hstrlen),
    Spec::new("hincrby", 4, Kind::Grow, Keys::FIRST, hincrby),
    Spec::new("hincrbyfloat", 4, Kind::Grow, Keys::FIRST, hincrbyfloat),
    Spec::new("hrandfield", -2, Kind::Read, Keys::FIRST, hrandfield),
];

/// `HSET`, and `HMSET`, which says `OK`.
fn hset(call: &mut Call<'_, '_>) -> Outcome {
    if !call.len().is_multiple_of(2) {
        return Err(call.wrong_arity());
    }
    let (key, pairs) = (call.arg(1), call.pairs(2));
    let new = call.db().change_or_new(key, |hash: &mut Hash| {
        pairs.filter(|(field, value)| hash.set(field, value)).count()
    })?;
    if call.is(0, "hmset") {
        call.reply.ok();
    } else {
        call.reply.count(new);
    }
    Ok(())
}

fn hsetnx(call: &mut Call<'_, '_>) -> Outcome {
    let [key, field, value] = [call.arg(1), call.arg(2), call.arg(3)];
    let is_new = call.db().change_or_new(key, |hash: &mut Hash| {
        hash.get(field).is_none() && hash.set(field, value)
    })?;
    call.yes_or_no(is_new);
    Ok(())
}

fn hget(call: &mut Call<'_, '_>) -> Outcome {
    let [key, field] = [call.arg(1), call.arg(2)];
    let hash = call.store.db().read::<Hash>(key)?;
    call.reply.bulk_or_null(hash.and_then(|hash| hash.get(field)));
    Ok(())
}

fn hmget(call: &mut Call<'_, '_>) -> Outcome {
    let (key, fields) = (call.arg(1), call.args(2));
    let hash = call.store.db().read::<Hash>(key)?;
    call.reply.array(fields.len());
    for field in fields {
        call.reply.bulk_or_null(hash.and_then(|hash| hash.get(field)));
    }
    Ok(())
}

fn hgetall(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let Some(hash) = call.store.db().read::<Hash>(key)? else {
        call.reply.map(0);
        return Ok(());
    };
    call.reply.map(hash.len());
    for (field, value) in hash.iter() {
        call.reply.bulk(field);
        call.reply.bulk(value);
    }
    Ok(())
}

/// `HKEYS` and `HVALS`.
fn list(call: &mut Call<'_, '_>, which: impl for<'a> Fn((&'a Blob, &'a Blob)) -> &'a Blob) -> Outcome {
    let key = call.arg(1);
    let Some(hash) = call.store.db().read::<Hash>(key)? else {
        call.reply.array(0);
        return Ok(());
    };
    call.reply.array(hash.len());
    for pair in hash.iter() {
        call.reply.bulk(which(pair));
    }
    Ok(())
}

fn hdel(call: &mut Call<'_, '_>) -> Outcome {
    let (key, fields) = (call.arg(1), call.args(2));
    let removed = call
        .db()
        .change(key, |hash: &mut Hash| fields.filter(|field| hash.remove(field)).count())?;
    call.reply.count(removed.unwrap_or(0));
    Ok(())
}

fn hexists(call: &mut Call<'_, '_>) -> Outcome {
    let [key, field] = [call.arg(1), call.arg(2)];
    let hash = call.db().read::<Hash>(key)?;
    let is_there = hash.is_some_and(|hash| hash.get(field).is_some());
    call.yes_or_no(is_there);
    Ok(())
}

fn hlen(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().read::<Hash>(key)?.map_or(0, Hash::len);
    call.reply.count(len);
    Ok(())
}

fn hstrlen(call: &mut Call<'_, '_>) -> Outcome {
    let [key, field] = [call.arg(1), call.arg(2)];
    let hash = call.db().read::<Hash>(key)?;
    let len = hash.and_then(|hash| hash.get(field)).map_or(0, Blob::len);
    call.reply.count(len);
    Ok(())
}

fn hincrby(call: &mut Call<'_, '_>) -> Outcome {
    let ([key, field], by) = ([call.arg(1), call.arg(2)], call.integer(3)?);
    let value = call.db().change_or_new(key, |hash: &mut Hash| {
        let value = match hash.get(field) {
            None => 0,
            Some(text) => number::integer(text).ok_or(Fault::text("ERR hash value is not an integer"))?,
        };
        let value = value.checked_add(by).ok_or(Fault::OVERFLOW)?;
        hash.set(field, itoa::Buffer::new().format(value).as_bytes());
        Ok(value)
    })??;
    call.reply.integer(value);
    Ok(())
}

fn hincrbyfloat(call: &mut Call<'_, '_>) -> Outcome {
    let [key, field] = [call.arg(1), call.arg(2)];
    let by = call.arg(3);
    number::parse_float(by)?;
    let text = call.db().change_or_new(key, |hash: &mut Hash| {
        let known = hash.get(field).map_or(&b"0"[..], |value| value);
        let text = number::sum(known, by).ok_or(Fault::text("ERR hash value is not a float"))??;
        hash.set(field, text.as_bytes());
        Ok(text)
    })??;
    call.reply.bulk(text);
    Ok(())
}

/// How many members are to be chosen at random; a negative number allows repetitions, so it has a bound of its own.
pub fn random_count(call: &Call<'_, '_>) -> Result<i64, Fault> {
    let count = call.integer(2)?;
    if count < -MAX_REPETITIONS {
        return Err(Fault::OUT_OF_RANGE);
    }
    Ok(count)
}

/// The most members that are chosen with repetitions. Redis has no bound but memory.
const MAX_REPETITIONS: i64 = 1 << 24;

fn hrandfield(call: &mut Call<'_, '_>) -> Outcome {
    let with_values = call.len() == 4 && call.is(3, "withvalues");
    if call.len() > 3 && !with_values {
        return Err(Fault::SYNTAX);
    }
    let key = call.arg(1);
    let len = call.db().read::<Hash>(key)?.map_or(0, Hash::len);
    if call.len() == 2 {
        let place = call.store.roll(len);
        let hash = call.store.db().read::<Hash>(key)?;
        let field = hash.and_then(|hash| hash.at(place)).map(|(field, _)| field);
        call.reply.bulk_or_null(field);
        return Ok(());
    }
    let count = random_count(call)?;
    let places = call.store.sample(len, count);
    let Some(hash) = call.store.db().read::<Hash>(key)? else {
        call.reply.array(0);
        return Ok(());
    };
    // In RESP3 each field and its value are a pair of their own.
    let in_pairs = with_values && call.reply.version() == wirework_resp::Version::Resp3;
    let values = if with_values && !in_pairs { 2 } else { 1 };
    call.reply.array(places.len() * values);
    for (field, value) in places.into_iter().filter_map(|place| hash.at(place)) {
        if in_pairs {
            call.reply.array(2);
        }
        call.reply.bulk(field);
        if with_values {
            call.reply.bulk(value);
        }
    }
    Ok(())
}
