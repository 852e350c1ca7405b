//! Subscribers: messages and the replies to commands, in the order in which they happened.

use std::io;
use std::sync::Arc;

use futures_lite::future::{or, poll_once};
use wirework::{Connection, Outbox, ReadError};
use wirework_resp::{Command, CommandError, ReplyEncoder, ReplyWriter};

use super::{Commands, Conversation, refuse};
use crate::mailbox::Mailbox;

/// So many messages are handed over before what the client says is looked at.
const AT_ONCE: usize = 256;

/// What comes from the client: a command that lies in the read buffer, and where its reply goes.
type Said<'a> = Result<Option<(Command<'a>, Outbox<'a, ReplyEncoder>)>, ReadError<CommandError>>;

impl Conversation {
    /// Answers a subscriber's next command, or hands it messages. Returns whether to go on.
    pub(super) async fn listen<C: Connection>(&mut self, framed: &mut Commands<C>) -> io::Result<bool> {
        enum Event<'a> {
            Said(Said<'a>),
            Mail,
        }
        let mailbox = Arc::clone(&self.session.subscriptions.mailbox);
        // What it says goes first, or one that is sent more than it can read could never end that.
        let said = async { Event::Said(framed.next_ref().await) };
        let mail = async {
            mailbox.filled().await;
            Event::Mail
        };
        let event = or(said, mail).await;
        self.now = self.shared.clock.now(&self.cx);
        match event {
            Event::Said(Ok(Some((command, mut out)))) => {
                self.answer(command, &mut out)?;
                if mailbox.is_overrun() {
                    return Err(too_much_unread());
                }
            }
            Event::Said(Ok(None)) => {
                // It is the server that ends: what was published before is for it still.
                while self.cx.shutdown().has_begun() && !mailbox.is_empty() {
                    hand_over(framed, &mailbox).await?;
                }
                return Ok(false);
            }
            Event::Said(Err(error)) => {
                refuse(framed, error).await?;
                return Ok(false);
            }
            Event::Mail => hand_over(framed, &mailbox).await?,
        }
        Ok(true)
    }
}

/// Hands messages over until there are none, or no room. Then it waits for room, and leaves it to the caller to look at
/// what the client says first: a reply, too, waits for room.
pub(super) async fn hand_over<C: Connection>(framed: &mut Commands<C>, mailbox: &Mailbox) -> io::Result<()> {
    for _ in 0..AT_ONCE {
        let Some(permit) = poll_once(framed.reserve()).await.transpose()? else {
            break;
        };
        match mailbox.take() {
            Ok(Some(message)) => permit.send(|reply: &mut ReplyWriter<'_>| message.write(reply))?,
            Ok(None) => return Ok(()),
            Err(_) => return Err(too_much_unread()),
        }
    }
    // One that does not read has its messages wait, until they are too many.
    let room = async { framed.reserve().await.map(drop) };
    let overrun = async {
        mailbox.overrun().await;
        Err(too_much_unread())
    };
    or(room, overrun).await
}

/// It will not take a farewell either.
fn too_much_unread() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "too much waited for a subscriber that does not read",
    )
}
