//! Commands that wait for something to be pushed.

use std::time::Duration;

use wirework_resp::ReplyWriter;

use super::lists;
use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::session::{Next, Wait};
use crate::store::{Blob, Delivery, End, List, SortedSet, Take, Ticket};

/// The keys of a command whose last argument is a timeout.
const ALL_BUT_LAST: Keys = Keys(1, -2, 1);

pub const COMMANDS: &[Spec] = &[
    Spec::new("blpop", -3, Kind::Write, ALL_BUT_LAST, |call| {
        pop(call, &Take::Pop(End::Left))
    }),
    Spec::new("brpop", -3, Kind::Write, ALL_BUT_LAST, |call| {
        pop(call, &Take::Pop(End::Right))
    }),
    Spec::new("bzpopmin", -3, Kind::Write, ALL_BUT_LAST, |call| {
        pop(call, &Take::Score { highest: false })
    }),
    Spec::new("bzpopmax", -3, Kind::Write, ALL_BUT_LAST, |call| {
        pop(call, &Take::Score { highest: true })
    }),
    Spec::new("blmove", 6, Kind::Grow, Keys::TWO, blmove),
    Spec::new("brpoplpush", 4, Kind::Grow, Keys::TWO, |call| {
        move_item(call, End::Right, End::Left, 3)
    }),
];

/// An argument that is a number of seconds, none of which is for ever.
fn timeout(call: &Call<'_, '_>, place: usize) -> Result<Option<Duration>, Fault> {
    let seconds = number::float(call.arg(place)).ok_or(Fault::TIMEOUT)?;
    if seconds < 0.0 {
        return Err(Fault::NEGATIVE_TIMEOUT);
    }
    let timeout = Duration::try_from_secs_f64(seconds).map_err(|_| Fault::TIMEOUT)?;
    Ok((!timeout.is_zero()).then_some(timeout))
}

/// `BLPOP` and the like: from the first of several keys that has something.
fn pop(call: &mut Call<'_, '_>, take: &Take) -> Outcome {
    let timeout = timeout(call, call.len() - 1)?;
    let keys = call.args(1).take(call.len() - 2);
    for key in keys.clone() {
        let db = call.store.db();
        let there = match take {
            Take::Score { .. } => db.read::<SortedSet>(key)?.is_some(),
            Take::Pop(_) | Take::Move { .. } => db.read::<List>(key)?.is_some(),
        };
        if there {
            answer(db.take_for(key, take), call.reply);
            return Ok(());
        }
    }
    wait(call, keys.map(Blob::from_slice).collect(), take, timeout);
    Ok(())
}

fn blmove(call: &mut Call<'_, '_>) -> Outcome {
    let (from, to) = (lists::end(call, 3)?, lists::end(call, 4)?);
    move_item(call, from, to, 5)
}

fn move_item(call: &mut Call<'_, '_>, from: End, to: End, timeout_at: usize) -> Outcome {
    let timeout = timeout(call, timeout_at)?;
    let [key, into] = [call.arg(1), call.arg(2)];
    if let Some(item) = call.db().move_item(key, from, into, to)? {
        call.reply.bulk(item);
        return Ok(());
    }
    let into = Blob::from_slice(into);
    wait(
        call,
        vec![Blob::from_slice(key)],
        &Take::Move { from, into, to },
        timeout,
    );
    Ok(())
}

/// Waits, but not within a transaction.
fn wait(call: &mut Call<'_, '_>, keys: Vec<Blob>, take: &Take, timeout: Option<Duration>) {
    if call.session.is_executing {
        match take {
            Take::Move { .. } => call.reply.null(),
            Take::Pop(_) | Take::Score { .. } => call.reply.null_array(),
        }
        return;
    }
    let ticket = Ticket::draw(call.session.id, call.session.db, call.store.db(), keys, take);
    call.session.next = Next::Wait(Wait {
        ticket,
        timeout,
        is_silent: false,
    });
}

/// The reply of a command that has waited, or need not.
pub fn answer(delivery: Option<Delivery>, reply: &mut ReplyWriter<'_>) {
    match delivery {
        Some(Delivery::Item { key, item }) => {
            reply.array(2);
            reply.bulk(key);
            reply.bulk(item);
        }
        Some(Delivery::Moved(item)) => reply.bulk(item),
        Some(Delivery::Scored { key, member, score }) => {
            reply.array(3);
            reply.bulk(key);
            reply.bulk(member);
            reply.double(score);
        }
        Some(Delivery::Failed(fault)) => reply.error(fault.as_str()),
        None => reply.null_array(),
    }
}
