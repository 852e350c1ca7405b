//! Keys, whatever they hold.

use super::server::unknown_subcommand;
use crate::call::{Call, Outcome};
use crate::clock::millis;
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::glob;
use crate::store::{DATABASES, Entry};

pub const COMMANDS: &[Spec] = &[
    Spec::new("del", -2, Kind::Write, Keys::ALL, del),
    Spec::new("unlink", -2, Kind::Write, Keys::ALL, del),
    Spec::new("exists", -2, Kind::Read, Keys::ALL, exists),
    Spec::new("touch", -2, Kind::Read, Keys::ALL, exists),
    Spec::new("type", 2, Kind::Read, Keys::FIRST, type_),
    Spec::new("keys", 2, Kind::Read, Keys::NONE, keys),
    Spec::new("randomkey", 1, Kind::Read, Keys::NONE, randomkey),
    Spec::new("rename", 3, Kind::Write, Keys::TWO, rename),
    Spec::new("renamenx", 3, Kind::Write, Keys::TWO, renamenx),
    Spec::new("copy", -3, Kind::Grow, Keys::TWO, copy),
    Spec::new("move", 3, Kind::Write, Keys::FIRST, move_),
    Spec::new("dbsize", 1, Kind::Read, Keys::NONE, dbsize),
    Spec::new("flushdb", -1, Kind::Write, Keys::NONE, flushdb),
    Spec::new("flushall", -1, Kind::Write, Keys::NONE, flushall),
    Spec::new("object", -2, Kind::Read, Keys(2, 2, 1), object),
];

fn del(call: &mut Call<'_, '_>) -> Outcome {
    let removed = call.args(1).filter(|key| call.store.db().remove(key)).count();
    call.reply.count(removed);
    Ok(())
}

fn exists(call: &mut Call<'_, '_>) -> Outcome {
    let found = call.args(1).filter(|key| call.store.db().contains(key)).count();
    call.reply.count(found);
    Ok(())
}

fn type_(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let name = call.db().get(key).map_or("none", |entry| entry.value.type_name());
    call.reply.simple(name);
    Ok(())
}

fn keys(call: &mut Call<'_, '_>) -> Outcome {
    let pattern = call.arg(1);
    let begun = call.reply.begin();
    let mut found = 0;
    for (key, _) in call.store.db().iter() {
        if glob::matches(pattern, key) {
            call.reply.bulk(key);
            found += 1;
        }
    }
    call.reply.finish_array(begun, found);
    Ok(())
}

fn randomkey(call: &mut Call<'_, '_>) -> Outcome {
    loop {
        let len = call.db().len();
        let place = call.store.roll(len);
        let db = call.store.db();
        let Some(key) = db.key_at(place).cloned() else {
            call.reply.null();
            return Ok(());
        };
        // One whose time is over is removed by this look, and another one is tried.
        if db.contains(&key) {
            call.reply.bulk(&key);
            return Ok(());
        }
    }
}

fn rename(call: &mut Call<'_, '_>) -> Outcome {
    rename_to(call)?;
    call.reply.ok();
    Ok(())
}

fn rename_to(call: &mut Call<'_, '_>) -> Outcome {
    let [from, to] = [call.arg(1), call.arg(2)];
    let db = call.db();
    let Entry { value, deadline } = db.take(from).ok_or(Fault::NO_SUCH_KEY)?;
    db.set(to, value, deadline);
    Ok(())
}

fn renamenx(call: &mut Call<'_, '_>) -> Outcome {
    let [from, to] = [call.arg(1), call.arg(2)];
    if !call.db().contains(from) {
        return Err(Fault::NO_SUCH_KEY);
    }
    let is_free = !call.db().contains(to);
    if is_free {
        rename_to(call)?;
    }
    call.yes_or_no(is_free);
    Ok(())
}

/// An argument that is the index of a database.
fn db_index(call: &Call<'_, '_>, place: usize) -> Result<usize, Fault> {
    let index = usize::try_from(call.integer(place)?).ok();
    index.filter(|index| *index < DATABASES).ok_or(Fault::DB_INDEX)
}

fn copy(call: &mut Call<'_, '_>) -> Outcome {
    let [from, to] = [call.arg(1), call.arg(2)];
    let (mut replace, mut index) = (false, call.session.db);
    let mut place = 3;
    while place < call.len() {
        if call.is(place, "replace") {
            replace = true;
        } else if call.is(place, "db") && place + 1 < call.len() {
            place += 1;
            index = db_index(call, place)?;
        } else {
            return Err(Fault::SYNTAX);
        }
        place += 1;
    }
    if index == call.session.db && from == to {
        return Err(Fault::SAME_OBJECT);
    }
    let source = call.db().get(from).cloned();
    let target = call.store.db_at(index, millis(call.now)).ok_or(Fault::DB_INDEX)?;
    let copied = source.filter(|_| replace || !target.contains(to));
    let is_copied = copied.is_some();
    if let Some(Entry { value, deadline }) = copied {
        target.set(to, value, deadline);
        call.store.serve_all();
    }
    call.yes_or_no(is_copied);
    Ok(())
}

fn move_(call: &mut Call<'_, '_>) -> Outcome {
    let (key, index) = (call.arg(1), db_index(call, 2)?);
    if index == call.session.db {
        return Err(Fault::SAME_OBJECT);
    }
    let now = millis(call.now);
    let is_free = call.store.db_at(index, now).is_some_and(|target| !target.contains(key));
    let moved = if is_free { call.db().take(key) } else { None };
    let is_moved = moved.is_some();
    if let (Some(Entry { value, deadline }), Some(target)) = (moved, call.store.db_at(index, now)) {
        target.set(key, value, deadline);
        call.store.serve_all();
    }
    call.yes_or_no(is_moved);
    Ok(())
}

fn dbsize(call: &mut Call<'_, '_>) -> Outcome {
    let len = call.db().len();
    call.reply.count(len);
    Ok(())
}

/// `ASYNC` and `SYNC` come to the same here.
fn flush_mode(call: &Call<'_, '_>) -> Outcome {
    match call.len() {
        1 => Ok(()),
        2 if call.is(1, "async") || call.is(1, "sync") => Ok(()),
        _ => Err(Fault::SYNTAX),
    }
}

fn flushdb(call: &mut Call<'_, '_>) -> Outcome {
    flush_mode(call)?;
    call.db().clear();
    call.reply.ok();
    Ok(())
}

fn flushall(call: &mut Call<'_, '_>) -> Outcome {
    flush_mode(call)?;
    for db in call.store.dbs() {
        db.clear();
    }
    call.reply.ok();
    Ok(())
}

fn object(call: &mut Call<'_, '_>) -> Outcome {
    let what = call.word(1);
    if call.len() != 3 || !["encoding", "refcount", "idletime", "freq"].contains(&what.as_str()) {
        return Err(unknown_subcommand(call));
    }
    let key = call.arg(2);
    let Some(entry) = call.store.db().get(key) else {
        call.reply.null();
        return Ok(());
    };
    match what.as_str() {
        "encoding" => call.reply.bulk(entry.value.encoding()),
        "refcount" => call.reply.integer(1),
        // Not kept: nothing is evicted, so nobody needs it.
        "idletime" => call.reply.integer(0),
        _ => {
            let text = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                        switching between policies at runtime LRU and LFU data will take some time to adjust.";
            return Err(Fault::text(text));
        }
    }
    Ok(())
}
