//! What all connections of a server share, and the task around each handler.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tracing::Instrument;

use super::WhenFull;
use super::clients::{ClientPlace, Clients};
use super::deadlines::Deadlines;
use super::handle::Live;
use super::tally::{End, Tally};
use super::watch::{Stop, Watch};
use crate::context::ContextSource;
use crate::record::Record;
use crate::{Addr, CatchPanic, Connection, Handler, Runtime, Shutdown, Task, TaskError};

pub(super) struct Shared<R, H> {
    pub(super) runtime: R,
    pub(super) handler: H,
    pub(super) contexts: ContextSource,
    pub(super) max_connections: usize,
    pub(super) when_full: WhenFull,
    pub(super) clients: Arc<Clients>,
    pub(super) when_client_full: WhenFull,
    pub(super) deadlines: Arc<Deadlines>,
    pub(super) tally: Arc<Tally>,
    pub(super) live: Arc<Live>,
    pub(super) drain: Shutdown,
    pub(super) abort: Shutdown,
}

impl<R: Runtime, H> Shared<R, H> {
    /// Where a full server lets connections wait, it does not accept them.
    pub(super) async fn wait_for_a_place(&self) {
        if self.when_full == WhenFull::Wait {
            self.tally.at_most(self.max_connections as u64 - 1).await;
        }
    }

    /// Serves a connection that was accepted, if there is a place for it.
    pub(super) async fn admit<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        H: Handler<C>,
    {
        while !shared.tally.try_begin(shared.max_connections as u64) {
            if shared.when_full == WhenFull::Refuse {
                shared.tally.refuse();
                tracing::debug!(peer = ?connection.peer_addr().ok(), "refused: the server is full");
                return;
            }
            // Another acceptor has taken the place meanwhile.
            shared.wait_for_a_place().await;
        }
        Self::start(shared, connection);
    }

    /// Starts the handler of a connection, which is already counted as active, in a task of its own.
    fn start<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        H: Handler<C>,
    {
        let peer = connection.peer_addr().unwrap_or(Addr::Unix(None));
        let client = shared.clients.enter(&peer);
        if client.is_none() && shared.when_client_full == WhenFull::Refuse {
            shared.tally.forget();
            shared.tally.refuse();
            tracing::debug!(%peer, "refused: the client has as many connections as it may");
            return;
        }
        let record = Record::new(shared.tally.accept(), peer, shared.runtime.now());
        let span = tracing::debug_span!("connection", id = record.id, peer = %record.peer);
        let place = Place {
            tally: Arc::clone(&shared.tally),
            live: Arc::clone(&shared.live),
            drain: shared.drain.clone(),
            client,
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
        H: Handler<C>,
    {
        let mut abort = self.abort.signal();
        let mut watch = pin!(Watch::new(
            self.runtime.clone(),
            Arc::clone(&self.deadlines),
            Arc::clone(&record)
        ));
        let context = self.contexts.context(Arc::clone(&record));
        let clients = Arc::clone(&self.clients);
        let client = &mut place.client;
        let handler = &self.handler;
        let mut handling = pin!(CatchPanic::new(async move {
            if client.is_none() {
                *client = Some(clients.wait_to_enter(&record.peer).await);
            }
            handler.handle(connection, context).await
        }));
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
        place.end = outcome.note();
    }
}

/// A connection's place in the tally, given up when its task ends in whatever way.
struct Place {
    tally: Arc<Tally>,
    live: Arc<Live>,
    drain: Shutdown,
    client: Option<ClientPlace>,
    id: u64,
    end: End,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.remove(self.id);
        self.client = None;
        self.tally.end(self.end, self.drain.has_begun());
    }
}

/// What became of a connection.
enum Outcome<E> {
    Handled(Result<Result<(), E>, TaskError>),
    Stopped(Stop),
    Aborted,
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Outcome<E> {
    /// Logs how the connection ended.
    fn note(self) -> End {
        match self {
            Self::Handled(Ok(Ok(()))) => End::Completed,
            Self::Handled(Ok(Err(error))) => {
                tracing::debug!(error = %chain(&*error.into()), "handler failed");
                End::Failed
            }
            Self::Handled(Err(panic)) => {
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
