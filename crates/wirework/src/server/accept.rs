//! The accept loop, and the task around each handler.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tracing::Instrument;

use super::tally::{End, Tally};
use crate::context::ContextSource;
use crate::time::sleep;
use crate::{Addr, CatchPanic, Connection, Handler, Listener, Runtime, Shutdown, Task, TaskError};

/// The first wait after the system could not give us a connection, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// So many connections are accepted before other tasks get a turn.
const BURST: u32 = 32;

pub(super) struct Acceptor<R, L, H> {
    pub(super) runtime: R,
    pub(super) listener: L,
    pub(super) handler: Arc<H>,
    pub(super) max_connections: usize,
    pub(super) contexts: ContextSource,
    pub(super) tally: Arc<Tally>,
    pub(super) drain: Shutdown,
    pub(super) abort: Shutdown,
}

impl<R, L, H> Acceptor<R, L, H>
where
    R: Runtime,
    L: Listener,
    H: Handler<L::Connection>,
{
    /// Starts accepting. The task ends, and the listener with it, when the server begins to drain.
    pub(super) fn spawn(self) -> R::Task<()> {
        let runtime = self.runtime.clone();
        runtime.spawn(self.run())
    }

    async fn run(mut self) {
        let mut drain = self.drain.signal();
        let mut accept = pin!(async {
            let mut backoff = BACKOFF.0;
            let mut burst = 0;
            loop {
                self.tally.at_most(self.max_connections as u64 - 1).await;
                match self.listener.accept().await {
                    Ok(connection) => {
                        self.start(connection);
                        backoff = BACKOFF.0;
                        burst += 1;
                        if burst % BURST == 0 {
                            futures_lite::future::yield_now().await;
                        }
                    }
                    Err(error) if is_of_one_connection(&error) => {
                        tracing::debug!(%error, "a connection failed before it was accepted");
                    }
                    Err(error) => {
                        // Typically too many open files: asking again at once would only burn time.
                        tracing::warn!(%error, ?backoff, "cannot accept connections");
                        sleep(&self.runtime, backoff).await;
                        backoff = (backoff * 2).min(BACKOFF.1);
                    }
                }
            }
        });
        poll_fn(|cx| match drain.poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => accept.as_mut().poll(cx),
        })
        .await;
    }

    /// Starts the handler of one connection in a task of its own.
    fn start(&self, connection: L::Connection) {
        let peer = connection.peer_addr().unwrap_or(Addr::Unix(None));
        let place = Place {
            tally: Arc::clone(&self.tally),
            drain: self.drain.clone(),
            end: End::Cut,
        };
        let id = self.tally.begin();
        let span = tracing::debug_span!("connection", id, %peer);
        let cx = self.contexts.context(id, peer);
        let handler = Arc::clone(&self.handler);
        let mut abort = self.abort.signal();
        let task = async move {
            let mut place = place;
            let mut handling = pin!(CatchPanic::new(async move { handler.handle(connection, cx).await }));
            let outcome = poll_fn(|cx| match abort.poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => handling.as_mut().poll(cx).map(Some),
            })
            .await;
            place.end = note(outcome);
        };
        self.runtime.spawn(task.instrument(span)).detach();
    }
}

/// A connection's place in the tally, given up when its task ends in whatever way.
struct Place {
    tally: Arc<Tally>,
    drain: Shutdown,
    end: End,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tally.end(self.end, self.drain.has_begun());
    }
}

/// Logs how a connection ended. `None` is one that was cut.
fn note<E: Into<Box<dyn Error + Send + Sync>>>(outcome: Option<Result<Result<(), E>, TaskError>>) -> End {
    match outcome {
        Some(Ok(Ok(()))) => End::Completed,
        Some(Ok(Err(error))) => {
            tracing::debug!(error = %chain(&*error.into()), "handler failed");
            End::Failed
        }
        Some(Err(panic)) => {
            tracing::error!(error = %panic, "handler panicked");
            End::Panicked
        }
        None => {
            tracing::debug!("cut off");
            End::Cut
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

/// Whether accepting failed because of the one connection that was next, so that the next may be tried at once (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::TimedOut
    )
}
