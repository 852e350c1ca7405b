//! Messages to whoever has subscribed.

use bytes::Bytes;

use super::server::unknown_subcommand;
use crate::call::{Call, Outcome};
use crate::channels::Naming;
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::glob;

pub const COMMANDS: &[Spec] = &[
    Spec::new("publish", 3, Kind::Other, Keys::NONE, publish),
    Spec::new("subscribe", -2, Kind::Other, Keys::NONE, |call| {
        subscribe(call, Naming::Channel)
    }),
    Spec::new("psubscribe", -2, Kind::Other, Keys::NONE, |call| {
        subscribe(call, Naming::Pattern)
    }),
    Spec::new("unsubscribe", -1, Kind::Other, Keys::NONE, |call| {
        unsubscribe(call, Naming::Channel)
    }),
    Spec::new("punsubscribe", -1, Kind::Other, Keys::NONE, |call| {
        unsubscribe(call, Naming::Pattern)
    }),
    Spec::new("pubsub", -2, Kind::Other, Keys::NONE, pubsub),
];

fn publish(call: &mut Call<'_, '_>) -> Outcome {
    let limit = call.store.settings.max_unread;
    let receivers = call.store.channels.publish(call.arg(1), call.arg(2), limit);
    call.reply.count(receivers);
    Ok(())
}

fn subscribe(call: &mut Call<'_, '_>, naming: Naming) -> Outcome {
    if call.session.is_executing && call.reply.version() == wirework_resp::Version::Resp2 {
        let text = format!("ERR Command not allowed inside a transaction: '{}'", call.name());
        return Err(Fault::new(text));
    }
    let word = if naming == Naming::Channel {
        "subscribe"
    } else {
        "psubscribe"
    };
    for name in call.args(1) {
        let session = &mut *call.session;
        let name = Bytes::copy_from_slice(name);
        if session.subscriptions.of(naming).insert(name.clone()) {
            let mailbox = &session.subscriptions.mailbox;
            call.store.channels.subscribe(naming, name.clone(), session.id, mailbox);
        }
        confirm(call, word, Some(&name));
    }
    tell(call);
    Ok(())
}

fn unsubscribe(call: &mut Call<'_, '_>, naming: Naming) -> Outcome {
    let word = if naming == Naming::Channel {
        "unsubscribe"
    } else {
        "punsubscribe"
    };
    let names: Vec<_> = if call.len() > 1 {
        call.args(1).map(Bytes::copy_from_slice).collect()
    } else {
        call.session.subscriptions.of(naming).iter().cloned().collect()
    };
    for name in &names {
        if call.session.subscriptions.of(naming).remove(name) {
            call.store.channels.unsubscribe(naming, name, call.session.id);
        }
        confirm(call, word, Some(name));
    }
    if names.is_empty() {
        confirm(call, word, None);
    }
    tell(call);
    Ok(())
}

/// Confirms one subscription, or its end, and says how many there are.
fn confirm(call: &mut Call<'_, '_>, word: &str, name: Option<&Bytes>) {
    let count = call.session.subscriptions.len();
    call.reply.push(3);
    call.reply.bulk(word);
    call.reply.bulk_or_null(name);
    call.reply.count(count);
}

/// Tells `CLIENT LIST`.
fn tell(call: &mut Call<'_, '_>) {
    let subscriptions = &mut call.session.subscriptions;
    let counts = [Naming::Channel, Naming::Pattern].map(|naming| subscriptions.of(naming).len());
    if let Some(client) = call.store.clients.get_mut(&call.session.id) {
        [client.channels, client.patterns] = counts;
    }
}

fn pubsub(call: &mut Call<'_, '_>) -> Outcome {
    match (call.word(1).as_str(), call.len()) {
        ("channels", 2 | 3) => {
            let pattern = call.command.arg(2);
            let wanted = |name: &&Bytes| pattern.is_none_or(|pattern| glob::matches(pattern, name));
            let names: Vec<_> = call.store.channels.names().filter(wanted).cloned().collect();
            call.reply.array(names.len());
            for name in names {
                call.reply.bulk_bytes(name);
            }
        }
        ("numsub", _) => {
            call.reply.array(2 * (call.len() - 2));
            for name in call.args(2) {
                call.reply.bulk(name);
                call.reply.count(call.store.channels.subscribers(name));
            }
        }
        ("numpat", 2) => call.reply.count(call.store.channels.patterns()),
        _ => return Err(unknown_subcommand(call)),
    }
    Ok(())
}
