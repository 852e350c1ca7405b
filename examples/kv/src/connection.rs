//! One client's conversation, from the first command to the last reply.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, pending};
use wirework::time::sleep;
use wirework::{Connection, Context, Framed, Outbox, ReadError};
use wirework_resp::{Command, CommandDecoder, CommandError, OwnedCommand, ReplyEncoder, ReplyWriter};

use crate::clients::Client;
use crate::clock::noticing;
use crate::commands::blocking;
use crate::server::Shared;
use crate::session::{Next, Session, Wait};
use crate::store::Delivery;

/// How many bytes of a command may be buffered until all of it has come, as in Redis.
const MAX_BUFFERED: usize = 1024 * 1024 * 1024;

type Commands<C> = Framed<C, CommandDecoder, ReplyEncoder>;

/// What comes from the client: a command that lies in the read buffer, and where its reply goes.
type Said<'a> = Result<Option<(Command<'a>, Outbox<'a, ReplyEncoder>)>, ReadError<CommandError>>;

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
    /// A command that came while another one waited.
    ahead: Option<OwnedCommand>,
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
            ahead: None,
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
            if let Some(command) = self.ahead.take() {
                let (shared, session, now) = (&self.shared, &mut self.session, self.now);
                let answer = |reply: &mut ReplyWriter<'_>| shared.answer(session, command.as_ref(), reply, now);
                framed.send(answer).await?;
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

    /// Answers a subscriber's next command, or hands it its messages. Returns whether to go on.
    async fn listen<C: Connection>(&mut self, framed: &mut Commands<C>) -> io::Result<bool> {
        enum Event<'a> {
            Said(Said<'a>),
            Mail,
        }
        let mailbox = Arc::clone(&self.session.subscriptions.mailbox);
        let said = async { Event::Said(framed.next_ref().await) };
        let mail = async {
            mailbox.filled().await;
            Event::Mail
        };
        let event = or(said, mail).await;
        self.now = self.shared.clock.now(&self.cx);
        match event {
            Event::Said(Ok(Some((command, mut out)))) => self.answer(command, &mut out)?,
            Event::Said(Ok(None)) => return Ok(false),
            Event::Said(Err(error)) => {
                refuse(framed, error).await?;
                return Ok(false);
            }
            Event::Mail => loop {
                // One that does not read has its messages wait here, until they are too many.
                let room = async { framed.reserve().await.map(Some) };
                let overrun = async {
                    mailbox.overrun().await;
                    Ok(None)
                };
                // It will not take a farewell either.
                let permit = or(room, overrun).await?.ok_or_else(too_much_unread)?;
                match mailbox.take() {
                    Ok(Some(message)) => permit.send(|reply: &mut ReplyWriter<'_>| message.write(reply))?,
                    Ok(None) => break,
                    Err(_) => return Err(too_much_unread()),
                }
            },
        }
        Ok(true)
    }

    /// Waits for what a command like `BLPOP` waits for. Returns whether to go on.
    async fn wait<C: Connection>(&mut self, framed: &mut Commands<C>, wait: Wait) -> io::Result<bool> {
        enum Event {
            Delivered(Option<Delivery>),
            TimedOut,
            Said(OwnedCommand),
            Gone,
            Failed(ReadError<CommandError>),
        }
        let waiting = Waiting {
            shared: &self.shared,
            wait: &wait,
        };
        let mut timer = Box::pin(async {
            match wait.timeout {
                Some(timeout) => sleep(&self.cx, timeout).await,
                None => pending().await,
            }
        });
        let mut shutdown = self.cx.shutdown();
        let event = loop {
            let is_ahead = self.ahead.is_some();
            let delivered = async { Event::Delivered(wait.ticket.delivery().recv().await.ok()) };
            let timed_out = async {
                (&mut timer).await;
                Event::TimedOut
            };
            // What it waits for may never come, and its reply must before the end.
            let ending = async {
                shutdown.wait().await;
                Event::TimedOut
            };
            let said = async {
                if is_ahead {
                    // No more than one command is taken, but what was answered before has to leave.
                    if framed.flush().await.is_err() {
                        return Event::Gone;
                    }
                    return pending().await;
                }
                match framed.next_ref().await {
                    Ok(Some((command, _))) => Event::Said(command.to_owned()),
                    Ok(None) => Event::Gone,
                    Err(error) => Event::Failed(error),
                }
            };
            match or(delivered, or(timed_out, or(ending, said))).await {
                Event::Said(command) => self.ahead = Some(command),
                event => break event,
            }
        };
        drop(timer);
        let delivery = match event {
            Event::Delivered(delivery) => delivery,
            Event::TimedOut => waiting.give_up(),
            Event::Gone | Event::Said(_) => return Ok(false),
            Event::Failed(error) => {
                drop(waiting);
                refuse(framed, error).await?;
                return Ok(false);
            }
        };
        drop(waiting);
        self.now = self.shared.clock.now(&self.cx);
        let answer = |reply: &mut ReplyWriter<'_>| blocking::answer(delivery, reply);
        framed.send(answer).await?;
        Ok(true)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut store = self.shared.store();
        self.session.leave(&mut store);
        store.clients.remove(&self.session.id);
    }
}

/// A place in queues, which is given up at the end, whatever that is.
struct Waiting<'a> {
    shared: &'a Shared,
    wait: &'a Wait,
}

impl Waiting<'_> {
    /// Leaves the queues, and returns what has come in the meantime.
    fn give_up(&self) -> Option<Delivery> {
        let ticket = &self.wait.ticket;
        ticket.give_up(&mut self.shared.store())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let ticket = &self.wait.ticket;
        ticket.give_up(&mut self.shared.store());
    }
}

fn too_much_unread() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "too much waited for a subscriber that does not read",
    )
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
