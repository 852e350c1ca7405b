//! What all connections of a server share, and the task around each handler.

use std::borrow::Cow;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tracing::Instrument;

use super::clients::{ClientPlace, Clients};
use super::deadlines::Deadlines;
use super::filter::Gate;
use super::handle::Live;
use super::tally::{End, Tally};
use super::watch::{Stop, Watch};
use super::{Refusal, WhenFull};
use crate::context::ContextSource;
use crate::meter::Meter;
use crate::record::Record;
use crate::{Addr, Admission, CatchPanic, Connection, Handler, Runtime, Shutdown, Task, TaskError, Upgrade};

pub(super) struct Shared<R, U, H> {
    pub(super) runtime: R,
    pub(super) upgrade: U,
    pub(super) handler: H,
    pub(super) contexts: ContextSource,
    pub(super) max_connections: usize,
    pub(super) when_full: WhenFull,
    pub(super) clients: Arc<Clients>,
    pub(super) when_client_full: WhenFull,
    pub(super) gate: Gate,
    pub(super) deadlines: Arc<Deadlines>,
    pub(super) protocol: Cow<'static, str>,
    pub(super) tally: Arc<Tally>,
    pub(super) live: Arc<Live>,
    pub(super) drain: Shutdown,
    pub(super) abort: Shutdown,
}

impl<R: Runtime, U, H> Shared<R, U, H> {
    /// Where a full server lets connections wait, it does not accept them.
    pub(super) async fn wait_for_a_place(&self) {
        if self.when_full == WhenFull::Wait {
            self.tally.at_most(self.max_connections as u64 - 1).await;
        }
    }

    /// Serves a connection that was accepted, if its peer may be and as soon as there is a place for it. It stays where it is
    /// until then.
    pub(super) async fn admit<C>(shared: &Arc<Self>, waiting: &mut Option<C>)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        while !shared.tally.try_begin(shared.max_connections as u64) {
            if shared.when_full == WhenFull::Refuse {
                shared.tally.refuse(Refusal::Full, "full");
                let peer = waiting.take().and_then(|connection| connection.peer_addr().ok());
                tracing::debug!(?peer, "refused: the server is full");
                return;
            }
            // Another acceptor has taken the place meanwhile.
            shared.wait_for_a_place().await;
        }
        if let Some(connection) = waiting.take() {
            Self::start(shared, connection);
        }
    }

    /// Serves a connection that still waited when the server began to drain, beyond the limit if need be.
    pub(super) fn admit_last<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        shared.tally.begin();
        Self::start(shared, connection);
    }

    /// Starts the handler of a connection, which is already counted as active, in a task of its own; if its peer may be served.
    fn start<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        let peer = connection.peer_addr().unwrap_or(Addr::Unix(None));
        let admission = match shared.gate.check(&peer) {
            Ok(()) => shared.upgrade.admit(&peer),
            Err(reason) => Admission::Refused(reason),
        };
        if let Admission::Refused(reason) = admission {
            shared.tally.forget();
            shared.tally.refuse(Refusal::Filtered, reason);
            tracing::debug!(%peer, reason, "refused");
            return;
        }
        // Whose connection one is that comes from a proxy is known once it is upgraded.
        let is_direct = admission == Admission::Client;
        let client = if is_direct { shared.clients.enter(&peer) } else { None };
        if is_direct && client.is_none() && shared.when_client_full == WhenFull::Refuse {
            shared.tally.forget();
            shared.tally.refuse(Refusal::ClientFull, "client full");
            tracing::debug!(%peer, "refused: the client has as many connections as it may");
            return;
        }
        if is_direct {
            shared.tally.accept();
        }
        let record = Record::new(
            shared.tally.number(),
            peer,
            shared.runtime.now(),
            shared.tally.meter.clone(),
        );
        let peer = &record.direct_peer;
        let span = tracing::debug_span!(
            "connection",
            id = record.id,
            %peer,
            client = tracing::field::Empty,
            protocol = &*shared.protocol
        );
        let place = Place {
            tally: Arc::clone(&shared.tally),
            live: Arc::clone(&shared.live),
            drain: shared.drain.clone(),
            entry: Entry {
                is_accepted: is_direct,
                client,
            },
            id: record.id,
            end: End::Cut,
        };
        shared.live.insert(&record);
        let task = Arc::clone(shared).run(connection, record, place);
        shared.runtime.spawn(task.instrument(span)).detach();
    }

    async fn run<C>(self: Arc<Self>, connection: C, record: Arc<Record>, mut place: Place)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        let mut abort = self.abort.signal();
        let mut watch = pin!(Watch::new(
            self.runtime.clone(),
            Arc::clone(&self.deadlines),
            Arc::clone(&record)
        ));
        record.begin_handshake();
        let mut handling = pin!(CatchPanic::new(self.serve(connection, record, &mut place.entry)));
        let outcome = poll_fn(|cx| {
            if abort.poll(cx).is_ready() {
                return Poll::Ready(Outcome::Aborted);
            }
            match handling.as_mut().poll(cx) {
                Poll::Ready(result) => Poll::Ready(Outcome::Handled(result)),
                Poll::Pending => watch.as_mut().poll(cx).map(Outcome::Stopped),
            }
        })
        .await;
        place.end = outcome.note(&place.tally.meter);
    }

    /// Upgrades a connection, finds it its place among those of its client, and handles it.
    async fn serve<C>(&self, connection: C, record: Arc<Record>, entry: &mut Entry) -> Result<(), Early<H::Error>>
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        let context = self.contexts.context(Arc::clone(&record));
        let upgraded = self.upgrade.upgrade(connection, context).await;
        let connection = upgraded.map_err(|error| Early::Handshake(error.into()))?;
        record.end_handshake();
        if !entry.is_accepted {
            self.admit_client(&connection, &record, entry)?;
        }
        if entry.client.is_none() {
            entry.client = Some(self.clients.wait_to_enter(record.peer()).await);
        }
        let context = self.contexts.context(record);
        self.handler.handle(connection, context).await.map_err(Early::Handler)
    }

    /// Lets a client in for whom a proxy connects, on the terms of those who connect themselves.
    fn admit_client<E>(
        &self,
        connection: &impl Connection,
        record: &Record,
        entry: &mut Entry,
    ) -> Result<(), Early<E>> {
        if let Ok(client) = connection.peer_addr()
            && client != record.direct_peer
        {
            tracing::Span::current().record("client", tracing::field::display(&client));
            self.gate.check(&client).map_err(|reason| {
                tracing::debug!(reason, "refused");
                Early::Refused(Refusal::Filtered, reason)
            })?;
            record.set_client(client);
        }
        entry.client = self.clients.enter(record.peer());
        if entry.client.is_none() && self.when_client_full == WhenFull::Refuse {
            tracing::debug!("refused: the client has as many connections as it may");
            return Err(Early::Refused(Refusal::ClientFull, "client full"));
        }
        entry.is_accepted = true;
        self.tally.accept();
        Ok(())
    }
}

/// A connection's place in the tally, given up when its task ends in whatever way.
struct Place {
    tally: Arc<Tally>,
    live: Arc<Live>,
    drain: Shutdown,
    entry: Entry,
    id: u64,
    end: End,
}

/// How far a connection has been let in.
struct Entry {
    /// Whether it was counted as accepted.
    is_accepted: bool,
    /// Its place among the connections of its client.
    client: Option<ClientPlace>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.remove(self.id);
        self.entry.client = None;
        if !self.entry.is_accepted && !matches!(self.end, End::Refused(..)) {
            self.tally.accept();
        }
        self.tally.end(self.end, self.drain.has_begun());
    }
}

/// What became of a connection.
enum Outcome<E> {
    Handled(Result<Result<(), Early<E>>, TaskError>),
    Stopped(Stop),
    Aborted,
}

/// Why a connection ended early by itself.
enum Early<E> {
    Handshake(Box<dyn Error + Send + Sync>),
    Refused(Refusal, &'static str),
    Handler(E),
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Outcome<E> {
    /// Logs how the connection ended.
    fn note(self, meter: &Meter) -> End {
        match self {
            Self::Handled(Ok(Ok(()))) => End::Completed,
            Self::Handled(Ok(Err(Early::Handler(error)))) => {
                let error = error.into();
                meter.failure(&*error);
                tracing::debug!(error = %chain(&*error), "handler failed");
                End::Failed
            }
            Self::Handled(Ok(Err(Early::Handshake(error)))) => {
                meter.failure(&*error);
                tracing::debug!(error = %chain(&*error), "handshake failed");
                End::Failed
            }
            // It was logged where the reason was known.
            Self::Handled(Ok(Err(Early::Refused(why, reason)))) => End::Refused(why, reason),
            Self::Handled(Err(panic)) => {
                meter.error("panic");
                tracing::error!(error = %panic, "handler panicked");
                End::Panicked
            }
            Self::Stopped(Stop::Missed(deadline)) => {
                tracing::debug!(%deadline, "deadline missed");
                End::TimedOut(deadline)
            }
            Self::Stopped(Stop::Closed) => {
                tracing::debug!("closed by request");
                End::Cut
            }
            Self::Aborted => {
                tracing::debug!("cut off");
                End::Cut
            }
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
