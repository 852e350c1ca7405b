//! The accept loop.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;

use super::shared::Shared;
use crate::time::sleep;
use crate::{Handler, Listener, Runtime, Upgrade};

/// The first wait after the system could not give us a connection, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// So many connections are accepted before other tasks get a turn.
const BURST: u32 = 32;

/// Accepts from one listener. Several of them may share what they serve.
pub(super) struct Acceptor<R, L: Listener, U, H> {
    listener: L,
    shared: Arc<Shared<R, U, H>>,
    /// What was accepted and waits for a place.
    waiting: Option<L::Connection>,
}

impl<R, L, U, H> Acceptor<R, L, U, H>
where
    R: Runtime,
    L: Listener,
    U: Upgrade<L::Connection>,
    H: Handler<U::Connection>,
{
    pub(super) fn new(listener: L, shared: Arc<Shared<R, U, H>>) -> Self {
        Self {
            listener,
            shared,
            waiting: None,
        }
    }

    /// Starts accepting. The task ends, and the listener with it, when the server begins to drain.
    pub(super) fn spawn(self) -> R::Task<()> {
        let runtime = self.shared.runtime.clone();
        runtime.spawn(self.run())
    }

    async fn run(mut self) {
        let mut drain = self.shared.drain.signal();
        {
            let mut accept = pin!(self.accept_all());
            poll_fn(|cx| match drain.poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => accept.as_mut().poll(cx),
            })
            .await;
        }
        if let Some(connection) = self.waiting.take() {
            // Once accepted, nobody else can serve it: not a new process that has the listener, either.
            Shared::admit_last(&self.shared, connection);
        }
    }

    /// Returns when the listener is of no more use.
    async fn accept_all(&mut self) {
        let mut trouble = None;
        let mut burst = 0;
        loop {
            self.shared.wait_for_a_place().await;
            match self.listener.accept().await {
                Ok(connection) => {
                    if trouble.take().is_some() {
                        tracing::info!("connections can be accepted again");
                    }
                    self.waiting = Some(connection);
                    Shared::admit(&self.shared, &mut self.waiting).await;
                }
                Err(error) => match Scope::of(&error) {
                    Scope::Connection => {
                        self.shared.tally.meter.error("accept");
                        tracing::debug!(%error, "a connection failed before it was accepted");
                    }
                    Scope::Resources => {
                        // Asking again at once would only burn time: the connection still waits.
                        let backoff = trouble.map_or(BACKOFF.0, |last: Duration| (last * 2).min(BACKOFF.1));
                        if trouble.is_none() {
                            tracing::warn!(%error, "cannot accept connections for now");
                        }
                        self.shared.tally.meter.error("accept: resources");
                        trouble = Some(backoff);
                        sleep(&self.shared.runtime, backoff).await;
                    }
                    Scope::Listener => {
                        tracing::error!(%error, "cannot accept connections any more");
                        self.shared.tally.lose_listener();
                        return;
                    }
                },
            }
            // Failed ones count, for a peer can make as many of them as it likes.
            burst = (burst + 1) % BURST;
            if burst == 0 {
                futures_lite::future::yield_now().await;
            }
        }
    }
}

/// What an error of `accept` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The one connection that was next: the next may be tried at once (accept(2)).
    Connection,
    /// The process or the system has run out of something.
    Resources,
    /// The listener itself: it will never work again.
    Listener,
}

impl Scope {
    fn of(error: &io::Error) -> Self {
        let errno = Errno::from_io_error(error);
        // Not EINVAL: some systems say so of a connection that its peer has reset meanwhile.
        if [Errno::BADF, Errno::NOTSOCK, Errno::OPNOTSUPP]
            .map(Some)
            .contains(&errno)
        {
            return Self::Listener;
        }
        match error.kind() {
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidData
            | io::ErrorKind::TimedOut => Self::Connection,
            // EMFILE, ENFILE, ENOBUFS, ENOMEM, and what nobody has thought of: waiting does no harm.
            _ => Self::Resources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_of_the_connection_the_resources_or_the_listener() {
        let scope = |errno: Errno| Scope::of(&errno.into());
        assert_eq!(scope(Errno::CONNABORTED), Scope::Connection);
        // A firewall rule forbade it (accept(2)).
        assert_eq!(scope(Errno::PERM), Scope::Connection);
        assert_eq!(scope(Errno::MFILE), Scope::Resources);
        assert_eq!(scope(Errno::NFILE), Scope::Resources);
        assert_eq!(scope(Errno::NOBUFS), Scope::Resources);
        assert_eq!(scope(Errno::NOMEM), Scope::Resources);
        assert_eq!(scope(Errno::INVAL), Scope::Resources);
        assert_eq!(scope(Errno::BADF), Scope::Listener);
        assert_eq!(Scope::of(&io::Error::other("?")), Scope::Resources);
    }
}
