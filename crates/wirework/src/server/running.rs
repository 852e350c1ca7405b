//! A server at work, as seen from outside.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::{Report, ServerHandle};
use crate::time::sleep;
use crate::{Addr, Shutdown, ShutdownSignal, TaskError};

/// How long those who have just connected may take to say something, once the server drains.
const GRACE: Duration = Duration::from_secs(1);

/// A server that accepts and handles connections in the background; from [`Server`](crate::Server).
///
/// Dropping it stops the server at once: connections are cut. To let them finish, use [`shutdown`](Self::shutdown).
#[must_use = "dropping it stops the server"]
pub struct RunningServer {
    local_addr: io::Result<Addr>,
    ends: Ends,
    handle: ServerHandle,
    accepting: Vec<Accepting>,
}

/// How the server ends.
pub(super) struct Ends {
    pub(super) drain_deadline: Duration,
    /// Ends those who have not said a word.
    pub(super) last_call: Shutdown,
}

/// An accept loop, whose runtime is erased. Dropping it stops it.
pub(super) type Accepting = Pin<Box<dyn Future<Output = Result<(), TaskError>> + Send>>;

impl RunningServer {
    pub(super) fn new(
        local_addr: io::Result<Addr>,
        ends: Ends,
        handle: ServerHandle,
        accepting: Vec<Accepting>,
    ) -> Self {
        Self {
            local_addr,
            ends,
            handle,
            accepting,
        }
    }

    /// Where it listens; with the real port when port 0 was asked for.
    ///
    /// # Errors
    /// Fails when the listener could not tell.
    pub fn local_addr(&self) -> io::Result<Addr> {
        match &self.local_addr {
            Ok(addr) => Ok(addr.clone()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }

    /// What has become of the connections so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.handle.report()
    }

    /// A way to look into the server from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Something to wait on, or to hand to others, for the begin of the shutdown.
    #[must_use]
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        self.handle.drain.signal()
    }

    /// Ends the server in order: stops accepting, tells every connection, waits until all have finished, but no
    /// longer than the drain deadline, and cuts the rest.
    ///
    /// Peers that have connected and not said a word yet are given a second to say it: their first request may be on its way.
    ///
    /// # Cancel safety
    /// Dropping the future drops the server: the rest is cut at once.
    pub async fn shutdown(self) -> Report {
        self.drain(None).await
    }

    /// Runs until the process is told to end (Ctrl-C, SIGTERM), then shuts down as [`shutdown`](Self::shutdown) does. A second
    /// signal cuts the connections at once.
    ///
    /// # Cancel safety
    /// Dropping the future drops the server: connections are cut.
    #[cfg(all(unix, feature = "signals"))]
    pub async fn run_until(self, signals: &crate::Signals) -> Report {
        signals.first().wait().await;
        tracing::info!("told to end: finishing what is under way");
        self.drain(Some(signals.second())).await
    }

    /// Lets connections finish until the drain deadline, or until `hurry`, and cuts the rest.
    async fn drain(mut self, mut hurry: Option<ShutdownSignal>) -> Report {
        self.handle.drain.begin();
        self.handle.live.wake();
        for accepting in self.accepting.drain(..) {
            // Only a runtime that was taken down gives an error, and then there is nothing left to stop.
            let _ = accepting.await;
        }
        let mut timer = sleep(&self.handle.clock, self.ends.drain_deadline);
        let mut grace = Some(sleep(&self.handle.clock, GRACE));
        let mut finished = pin!(self.handle.tally.at_most(0));
        let in_time = poll_fn(|cx| {
            if finished.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            if hurry.as_mut().is_some_and(|hurry| hurry.poll(cx).is_ready()) {
                return Poll::Ready(false);
            }
            if let Some(begun) = &mut grace
                && Pin::new(begun).poll(cx).is_ready()
            {
                grace = None;
                self.ends.last_call.begin();
                self.handle.live.wake();
            }
            Pin::new(&mut timer).poll(cx).map(|()| false)
        })
        .await;
        if !in_time {
            self.handle.live.cut();
            finished.await;
        }
        self.handle.report()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.handle.drain.begin();
        self.handle.live.cut();
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer")
            .field("local_addr", &self.local_addr)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
