//! Commands that wait, such as `BLPOP`.

use std::io;
use std::sync::Arc;

use futures_lite::future::{or, pending};
use wirework::time::sleep;
use wirework::{Connection, Context, ReadError};
use wirework_resp::{CommandError, OwnedCommand, ReplyWriter};

use super::listening::hand_over;
use super::{Commands, Conversation, refuse};
use crate::clock::millis;
use crate::commands::blocking;
use crate::server::Shared;
use crate::session::Wait;
use crate::store::{Delivery, Ticket};

enum Event {
    Said(OwnedCommand),
    /// No more will be said.
    Silent,
    Failed(ReadError<CommandError>),
    Delivered(Option<Delivery>),
    Mail,
    TimedOut,
}

impl Conversation {
    /// Waits for what a command waits for, and answers it. Returns whether to go on.
    ///
    /// What the client sends meanwhile is read ahead. It is looked at first of all: if it has gone, what has just been
    /// taken for it is put back.
    pub(super) async fn wait<C: Connection>(&mut self, framed: &mut Commands<C>, wait: Wait) -> io::Result<bool> {
        let waiting = Waiting {
            shared: &self.shared,
            cx: &self.cx,
            ticket: &wait.ticket,
        };
        // A subscriber can wait for something else, too, where messages and replies can be told apart: in RESP3.
        let is_subscriber = !self.session.subscriptions.is_empty();
        let mailbox = Arc::clone(&self.session.subscriptions.mailbox);
        let mut timer = Box::pin(async {
            match wait.timeout {
                Some(timeout) => sleep(&self.cx, timeout).await,
                None => pending().await,
            }
        });
        let mut shutdown = self.cx.shutdown();
        let delivery = loop {
            let is_full = self.ahead.is_full();
            let said = async {
                if is_full {
                    // What was answered before has to leave all the same.
                    if framed.flush().await.is_err() {
                        return Event::Silent;
                    }
                    return pending().await;
                }
                match framed.next_ref().await {
                    Ok(Some((command, _))) => Event::Said(command.to_owned()),
                    Ok(None) => Event::Silent,
                    Err(error) => Event::Failed(error),
                }
            };
            let delivered = async { Event::Delivered(wait.ticket.delivery().recv().await.ok()) };
            let mail = async {
                if is_subscriber {
                    mailbox.filled().await;
                    return Event::Mail;
                }
                pending().await
            };
            let timed_out = async {
                (&mut timer).await;
                Event::TimedOut
            };
            // What it waits for may never come, and its reply must before the end.
            let ending = async {
                shutdown.wait().await;
                Event::TimedOut
            };
            let event = or(said, or(delivered, or(mail, or(timed_out, ending)))).await;
            match event {
                Event::Said(command) => self.ahead.push(command),
                Event::Delivered(delivery) => break delivery,
                Event::Mail => hand_over(framed, &mailbox).await?,
                Event::TimedOut => break waiting.give_up(),
                // It is the server that ends, not the client.
                Event::Silent if self.cx.shutdown().has_begun() => break waiting.give_up(),
                Event::Silent => return Ok(false),
                Event::Failed(ReadError::Decode(error)) if error.fault().malformed().is_some() => {
                    self.ahead.end(ReadError::Decode(error));
                }
                Event::Failed(error) => {
                    drop(waiting);
                    refuse(framed, error).await?;
                    return Ok(false);
                }
            }
        };
        drop(timer);
        drop(waiting);
        self.now = self.shared.clock.now(&self.cx);
        if !wait.is_silent {
            let answer = |reply: &mut ReplyWriter<'_>| blocking::answer(delivery, reply);
            framed.send(answer).await?;
        }
        Ok(true)
    }
}

/// A place in queues, which is given up at the end, whatever that is.
struct Waiting<'a> {
    shared: &'a Shared,
    cx: &'a Context,
    ticket: &'a Ticket,
}

impl Waiting<'_> {
    /// Leaves the queues, and returns what has come in the meantime.
    fn give_up(&self) -> Option<Delivery> {
        self.ticket.give_up(&mut self.shared.store())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = millis(self.shared.clock.now(self.cx));
        self.ticket.abandon(&mut self.shared.store(), now);
    }
}
