//! Strings, and the numbers in them.

use wirework_resp::ReplyWriter;

use super::expiry::Expiry;
use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::store::{Blob, MAX_TEXT, NEVER, Text, Value};

pub const COMMANDS: &[Spec] = &[
    Spec::new("get", 2, Kind::Read, Keys::FIRST, get),
    Spec::new("set", -3, Kind::Grow, Keys::FIRST, set),
    Spec::new("getex", -2, Kind::Write, Keys::FIRST, getex),
    Spec::new("getdel", 2, Kind::Write, Keys::FIRST, getdel),
    Spec::new("getset", 3, Kind::Grow, Keys::FIRST, getset),
    Spec::new("setnx", 3, Kind::Grow, Keys::FIRST, setnx),
    Spec::new("setex", 4, Kind::Grow, Keys::FIRST, setex),
    Spec::new("psetex", 4, Kind::Grow, Keys::FIRST, setex),
    Spec::new("mget", -2, Kind::Read, Keys::ALL, mget),
    Spec::new("mset", -3, Kind::Grow, Keys(1, -1, 2), mset),
    Spec::new("msetnx", -3, Kind::Grow, Keys(1, -1, 2), msetnx),
    Spec::new("incr", 2, Kind::Grow, Keys::FIRST, |call| increase(call, 1)),
    Spec::new("decr", 2, Kind::Grow, Keys::FIRST, |call| increase(call, -1)),
    Spec::new("incrby", 3, Kind::Grow, Keys::FIRST, incrby),
    Spec::new("decrby", 3, Kind::Grow, Keys::FIRST, decrby),
    Spec::new("incrbyfloat", 3, Kind::Grow, Keys::FIRST, incrbyfloat),
    Spec::new("append", 3, Kind::Grow, Keys::FIRST, append),
    Spec::new("strlen", 2, Kind::Read, Keys::FIRST, strlen),
    Spec::new("getrange", 4, Kind::Read, Keys::FIRST, getrange),
    Spec::new("substr", 4, Kind::Read, Keys::FIRST, getrange),
    Spec::new("setrange", 4, Kind::Grow, Keys::FIRST, setrange),
];

/// Answers with a string, or with nothing.
#[inline]
fn reply_text(reply: &mut ReplyWriter<'_>, text: Option<Text<'_>>) {
    match text {
        Some(Text::Bytes(bytes)) => reply.bulk(bytes),
        Some(Text::Int(value)) => reply.bulk_integer(value),
        None => reply.null(),
    }
}

fn get(call: &mut Call<'_, '_>) -> Outcome {
    let text = call.store.db().text(call.command.arg(1).unwrap_or_default())?;
    let found = text.is_some();
    reply_text(call.reply, text);
    call.store.counters.hits += u64::from(found);
    call.store.counters.misses += u64::from(!found);
    Ok(())
}

/// What a `SET` is told beside its key and value.
#[derive(Debug, Default)]
struct SetOptions {
    expiry: Option<Expiry>,
    keep_deadline: bool,
    only_if: Option<Presence>,
    get: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    Present,
}

impl SetOptions {
    fn parse(call: &Call<'_, '_>) -> Result<Self, Fault> {
        let mut options = Self::default();
        let mut place = 3;
        while place < call.len() {
            let has_end = options.expiry.is_some() || options.keep_deadline;
            match call.word(place).as_str() {
                "nx" if options.only_if != Some(Presence::Present) => options.only_if = Some(Presence::Absent),
                "xx" if options.only_if != Some(Presence::Absent) => options.only_if = Some(Presence::Present),
                "get" => options.get = true,
                "keepttl" if options.expiry.is_none() => options.keep_deadline = true,
                word => match Expiry::by_word(word) {
                    Some(form) if !has_end && place + 1 < call.len() => {
                        place += 1;
                        options.expiry = Some(Expiry::new(form, place));
                    }
                    _ => return Err(Fault::SYNTAX),
                },
            }
            place += 1;
        }
        Ok(options)
    }
}

fn set(call: &mut Call<'_, '_>) -> Outcome {
    let [key, value] = [call.arg(1), call.arg(2)];
    if call.len() == 3 {
        call.db().set(key, Value::string(value), NEVER);
        call.reply.ok();
        return Ok(());
    }
    let options = SetOptions::parse(call)?;
    let mut deadline = match options.expiry {
        Some(expiry) => expiry.deadline(call)?,
        None => NEVER,
    };
    let db = call.store.db();
    if options.get {
        reply_text(call.reply, db.text(key)?);
    }
    let known = db.deadline(key);
    let is_refused = match options.only_if {
        Some(Presence::Absent) => known.is_some(),
        Some(Presence::Present) => known.is_none(),
        None => false,
    };
    if is_refused {
        if !options.get {
            call.reply.null();
        }
        return Ok(());
    }
    if options.keep_deadline {
        deadline = known.unwrap_or(NEVER);
    }
    db.set(key, Value::string(value), deadline);
    if !options.get {
        call.reply.ok();
    }
    Ok(())
}

fn getex(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let deadline = match call.len() {
        2 => None,
        3 if call.is(2, "persist") => Some(NEVER),
        4 => {
            let form = Expiry::by_word(&call.word(2)).ok_or(Fault::SYNTAX)?;
            Some(Expiry::new(form, 3).deadline(call)?)
        }
        _ => return Err(Fault::SYNTAX),
    };
    let db = call.store.db();
    reply_text(call.reply, db.text(key)?);
    if let (Some(deadline), Some(known)) = (deadline, db.deadline(key))
        && (deadline != NEVER || known != NEVER)
    {
        db.set_deadline(key, deadline);
    }
    Ok(())
}

fn getdel(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let db = call.store.db();
    reply_text(call.reply, db.text(key)?);
    db.remove(key);
    Ok(())
}

fn getset(call: &mut Call<'_, '_>) -> Outcome {
    let [key, value] = [call.arg(1), call.arg(2)];
    let db = call.store.db();
    reply_text(call.reply, db.text(key)?);
    db.set(key, Value::string(value), NEVER);
    Ok(())
}

fn setnx(call: &mut Call<'_, '_>) -> Outcome {
    let [key, value] = [call.arg(1), call.arg(2)];
    let is_new = !call.db().contains(key);
    if is_new {
        call.db().set(key, Value::string(value), NEVER);
    }
    call.yes_or_no(is_new);
    Ok(())
}

/// `SETEX` and `PSETEX`.
fn setex(call: &mut Call<'_, '_>) -> Outcome {
    let form = if call.is(0, "setex") { "ex" } else { "px" };
    let form = Expiry::by_word(form).ok_or(Fault::SYNTAX)?;
    let deadline = Expiry::new(form, 2).deadline(call)?;
    let [key, value] = [call.arg(1), call.arg(3)];
    call.db().set(key, Value::string(value), deadline);
    call.reply.ok();
    Ok(())
}

fn mget(call: &mut Call<'_, '_>) -> Outcome {
    call.reply.array(call.len() - 1);
    for key in call.args(1) {
        // What is no string is nothing here.
        let text = call.store.db().text(key).unwrap_or(None);
        reply_text(call.reply, text);
    }
    Ok(())
}

fn mset(call: &mut Call<'_, '_>) -> Outcome {
    if call.len().is_multiple_of(2) {
        return Err(call.wrong_arity());
    }
    for (key, value) in call.pairs(1) {
        call.db().set(key, Value::string(value), NEVER);
    }
    call.reply.ok();
    Ok(())
}

fn msetnx(call: &mut Call<'_, '_>) -> Outcome {
    if call.len().is_multiple_of(2) {
        return Err(call.wrong_arity());
    }
    let are_new = call.pairs(1).all(|(key, _)| !call.store.db().contains(key));
    if are_new {
        for (key, value) in call.pairs(1) {
            call.db().set(key, Value::string(value), NEVER);
        }
    }
    call.yes_or_no(are_new);
    Ok(())
}

/// Adds to an integer.
fn increase(call: &mut Call<'_, '_>, by: i64) -> Outcome {
    let key = call.arg(1);
    let value = match call.db().text(key)? {
        None => 0,
        Some(Text::Int(value)) => value,
        Some(Text::Bytes(_)) => return Err(Fault::NOT_AN_INTEGER),
    };
    let value = value.checked_add(by).ok_or(Fault::OVERFLOW)?;
    call.db().set_text(key, Value::Int(value));
    call.reply.integer(value);
    Ok(())
}

fn incrby(call: &mut Call<'_, '_>) -> Outcome {
    let by = call.integer(2)?;
    increase(call, by)
}

fn decrby(call: &mut Call<'_, '_>) -> Outcome {
    let by = call.integer(2)?.checked_neg();
    increase(call, by.ok_or(Fault::text("ERR decrement would overflow"))?)
}

fn incrbyfloat(call: &mut Call<'_, '_>) -> Outcome {
    let [key, by] = [call.arg(1), call.arg(2)];
    let known = call
        .db()
        .text(key)?
        .map_or_else(|| Blob::from_slice(b"0"), Text::to_blob);
    let text = number::sum(&known, by).ok_or(Fault::NOT_A_FLOAT)??;
    call.db().set_text(key, Value::string(text.as_bytes()));
    call.reply.bulk(&text);
    Ok(())
}

fn append(call: &mut Call<'_, '_>) -> Outcome {
    let [key, more] = [call.arg(1), call.arg(2)];
    let mut text = call.db().text(key)?.map(Text::to_blob).unwrap_or_default();
    if text.len() + more.len() > MAX_TEXT {
        return Err(Fault::TOO_LONG);
    }
    text.extend_from_slice(more);
    let len = text.len();
    call.db().set_text(key, as_value(text));
    call.reply.count(len);
    Ok(())
}

/// What was changed in place may be an integer now.
fn as_value(text: Blob) -> Value {
    match number::integer(&text) {
        Some(value) => Value::Int(value),
        None => Value::Text(text),
    }
}

fn strlen(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let len = call.db().text(key)?.map_or(0, Text::len);
    call.reply.count(len);
    Ok(())
}

fn getrange(call: &mut Call<'_, '_>) -> Outcome {
    let (key, start, stop) = (call.arg(1), call.integer(2)?, call.integer(3)?);
    let mut scratch = itoa::Buffer::new();
    let text = call.store.db().text(key)?;
    let bytes = text.map_or(&b""[..], |text| text.bytes(&mut scratch));
    let len = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    // Unlike in a list, an end before the first byte is the first byte.
    let stop = if stop < -len && !(start < 0 && start > stop) {
        -len
    } else {
        stop
    };
    call.reply.bulk(&bytes[number::range(start, stop, bytes.len())]);
    Ok(())
}

fn setrange(call: &mut Call<'_, '_>) -> Outcome {
    let [key, part] = [call.arg(1), call.arg(3)];
    let offset = usize::try_from(call.integer(2)?).map_err(|_| Fault::text("ERR offset is out of range"))?;
    let known = call.db().text(key)?;
    if part.is_empty() {
        let len = known.map_or(0, Text::len);
        call.reply.count(len);
        return Ok(());
    }
    let end = offset.checked_add(part.len()).filter(|end| *end <= MAX_TEXT);
    let end = end.ok_or(Fault::TOO_LONG)?;
    let mut text = known.map(Text::to_blob).unwrap_or_default();
    if text.len() < end {
        text.resize(end, 0);
    }
    text[offset..end].copy_from_slice(part);
    let len = text.len();
    call.db().set_text(key, as_value(text));
    call.reply.count(len);
    Ok(())
}
