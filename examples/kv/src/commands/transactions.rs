//! Several commands as one.
//!
//! All of them run under the lock that one command takes, so nobody sees the state in between.

use wirework_resp::OwnedCommand;

use crate::call::{Call, Outcome};
use crate::clock::millis;
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::session::Transaction;

pub const COMMANDS: &[Spec] = &[
    Spec::new("multi", 1, Kind::Transaction, Keys::NONE, multi),
    Spec::new("exec", 1, Kind::Transaction, Keys::NONE, exec),
    Spec::new("discard", 1, Kind::Transaction, Keys::NONE, discard),
    Spec::new("watch", -2, Kind::Transaction, Keys::ALL, watch),
    Spec::new("unwatch", 1, Kind::Other, Keys::NONE, unwatch),
];

fn multi(call: &mut Call<'_, '_>) -> Outcome {
    if call.session.transaction.is_some() {
        return Err(Fault::text("ERR MULTI calls can not be nested"));
    }
    call.session.transaction = Some(Transaction::default());
    call.reply.ok();
    Ok(())
}

fn exec(call: &mut Call<'_, '_>) -> Outcome {
    let transaction = call.session.transaction.take();
    let transaction = transaction.ok_or(Fault::text("ERR EXEC without MULTI"))?;
    let is_spoilt = call.session.watch.is_spoilt(call.store, millis(call.now));
    call.session.watch.clear(call.store);
    if transaction.is_refused {
        return Err(Fault::ABORTED);
    }
    if is_spoilt {
        call.reply.null_array();
        return Ok(());
    }
    run(call, &transaction.commands);
    call.store.serve_all();
    Ok(())
}

fn run(call: &mut Call<'_, '_>, commands: &[OwnedCommand]) {
    call.reply.array(commands.len());
    call.session.is_executing = true;
    for command in commands {
        let mut one = Call {
            command: command.as_ref(),
            reply: &mut *call.reply,
            store: &mut *call.store,
            session: &mut *call.session,
            shared: call.shared,
            now: call.now,
        };
        one.execute();
    }
    call.session.is_executing = false;
}

fn discard(call: &mut Call<'_, '_>) -> Outcome {
    if call.session.transaction.take().is_none() {
        return Err(Fault::text("ERR DISCARD without MULTI"));
    }
    call.session.watch.clear(call.store);
    call.reply.ok();
    Ok(())
}

fn watch(call: &mut Call<'_, '_>) -> Outcome {
    if call.session.transaction.is_some() {
        return Err(Fault::text("ERR WATCH inside MULTI is not allowed"));
    }
    let index = call.session.db;
    for key in call.args(1) {
        call.session.watch.add(index, call.store.db(), key);
    }
    call.reply.ok();
    Ok(())
}

fn unwatch(call: &mut Call<'_, '_>) -> Outcome {
    call.session.watch.clear(call.store);
    call.reply.ok();
    Ok(())
}
