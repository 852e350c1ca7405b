//! One client's conversation, from the first command to the last reply.
//!
//! Mostly it is read and answered. Two things need more, and have a file each: subscribers are handed messages, and
//! commands like `BLPOP` wait.

mod ahead;
mod listening;
mod waiting;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use wirework::{Connection, Context, Framed, Outbox, ReadError};
use wirework_resp::{Command, CommandDecoder, CommandError, ReplyEncoder, ReplyWriter};

use self::ahead::Ahead;
use crate::clients::Client;
use crate::clock::noticing;
use crate::server::Shared;
use crate::session::{Next, Session};

/// How many bytes of a command may be buffered until all of it has come, as in Redis.
const MAX_BUFFERED: usize = 1024 * 1024 * 1024;

type Commands<C> = Framed<C, CommandDecoder, ReplyEncoder>;

/// Answers a client's commands until it leaves, or until the server shuts down and all that has come is answered.
///
/// # Errors
/// Those of the connection.
pub async fn serve<C: Connection>(connection: C, cx: Context, shared: Arc<Shared>) -> io::Result<()> {
    let mut conversation = Conversation::begin(&connection, cx, shared);
    let decoder = conversation.decoder();
    let mut framed = Framed::with_codecs(connection, decoder, ReplyEncoder::new())
        .max_buffered(MAX_BUFFERED)
        .watched_by(&conversation.cx)
        .until(conversation.cx.shutdown());
    conversation.run(&mut framed).await?;
    // So that the last replies arrive, whatever the client was still sending.
    framed.finish(&conversation.cx).await
}

struct Conversation {
    cx: Context,
    shared: Arc<Shared>,
    session: Session,
    /// The time since 1970 when something was last waited for.
    now: Duration,
    /// What came while a command waited.
    ahead: Ahead,
}

impl Conversation {
    fn begin(connection: &impl Connection, cx: Context, shared: Arc<Shared>) -> Self {
        // Redis counts from 1, and so do clients.
        let id = cx.connection_id() + 1;
        let now = shared.clock.now(&cx);
        let client = Client {
            peer: cx.peer().to_string(),
            local: connection
                .local_addr()
                .map_or_else(|_| String::new(), |addr| addr.to_string()),
            since: now,
            resp: 2,
            ..Client::default()
        };
        let mut store = shared.store();
        store.counters.connections += 1;
        store.clients.insert(id, client);
        let is_open = store.settings.password.is_empty();
        drop(store);
        Self {
            session: Session::new(id, is_open),
            cx,
            shared,
            now,
            ahead: Ahead::default(),
        }
    }

    fn decoder(&self) -> CommandDecoder {
        let decoder = CommandDecoder::new();
        if self.session.is_authenticated {
            decoder
        } else {
            decoder.unauthenticated()
        }
    }

    async fn run<C: Connection>(&mut self, framed: &mut Commands<C>) -> io::Result<()> {
        loop {
            if let Some(command) = self.ahead.pop() {
                let (shared, session, now) = (&self.shared, &mut self.session, self.now);
                let answer = |reply: &mut ReplyWriter<'_>| shared.answer(session, command.as_ref(), reply, now);
                framed.send(answer).await?;
            } else if let Some(error) = self.ahead.take_error() {
                return refuse(framed, error).await;
            } else if !self.session.subscriptions.is_empty() {
                if !self.listen(framed).await? {
                    return Ok(());
                }
            } else if !self.read(framed).await? {
                return Ok(());
            }
            match std::mem::take(&mut self.session.next) {
                Next::Read => {}
                Next::Close => return Ok(()),
                Next::Trust => framed.decoder_mut().set_authenticated(true),
                Next::Wait(wait) => {
                    if !self.wait(framed, wait).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Answers commands as long as nothing but reading comes next: nearly always. Returns whether to go on.
    async fn read<C: Connection>(&mut self, framed: &mut Commands<C>) -> io::Result<bool> {
        loop {
            let mut waited = false;
            let said = noticing(framed.next_ref(), &mut waited).await;
            if waited {
                self.now = self.shared.clock.now(&self.cx);
            }
            match said {
                Ok(Some((command, mut out))) => self.answer(command, &mut out)?,
                Ok(None) => return Ok(false),
                Err(error) => {
                    refuse(framed, error).await?;
                    return Ok(false);
                }
            }
            if !self.session.only_reads() {
                return Ok(true);
            }
        }
    }

    #[inline]
    fn answer(&mut self, command: Command<'_>, out: &mut Outbox<'_, ReplyEncoder>) -> io::Result<()> {
        let (shared, session, now) = (&self.shared, &mut self.session, self.now);
        out.send(|reply: &mut ReplyWriter<'_>| shared.answer(session, command, reply, now))?;
        Ok(())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut store = self.shared.store();
        self.session.leave(&mut store);
        store.clients.remove(&self.session.id);
    }
}

/// Says what is wrong with the bytes that came, if the client can still be told.
async fn refuse<C: Connection>(framed: &mut Commands<C>, error: ReadError<CommandError>) -> io::Result<()> {
    match error {
        ReadError::Decode(error) => {
            if let Some(wrong) = error.fault().malformed() {
                framed
                    .send(|reply: &mut ReplyWriter<'_>| reply.protocol_error(wrong))
                    .await?;
            }
            Ok(())
        }
        error => Err(error.into()),
    }
}
