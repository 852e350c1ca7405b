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
pub(super) struct Acceptor<R, L, U, H> {
    pub(super) listener: L,
    pub(super) shared: Arc<Shared<R, U, H>>,
}

impl<R, L, U, H> Acceptor<R, L, U, H>
where
    R: Runtime,
    L: Listener,
    U: Upgrade<L::Connection>,
    H: Handler<U::Connection>,
{
    /// Starts accepting. The task ends, and the listener with it, when the server begins to drain.
    pub(super) fn spawn(self) -> R::Task<()> {
        let runtime = self.shared.runtime.clone();
        runtime.spawn(self.run())
    }

    async fn run(mut self) {
        let mut drain = self.shared.drain.signal();
        let mut accept = pin!(self.accept_all());
        poll_fn(|cx| match drain.poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => accept.as_mut().poll(cx),
        })
        .await;
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
                    Shared::admit(&self.shared, connection).await;
                    burst += 1;
                    if burst % BURST == 0 {
                        futures_lite::future::yield_now().await;
                    }
                }
                Err(error) => match Scope::of(&error) {
                    Scope::Connection => tracing::debug!(%error, "a connection failed before it was accepted"),
                    Scope::Resources => {
                        // Asking again at once would only burn time: the connection still waits.
                        let backoff = trouble.map_or(BACKOFF.0, |last: Duration| (last * 2).min(BACKOFF.1));
                        if trouble.is_none() {
                            tracing::warn!(%error, "cannot accept connections for now");
                        }
                        trouble = Some(backoff);
                        sleep(&self.shared.runtime, backoff).await;
                    }
                    Scope::Listener => {
                        tracing::error!(%error, "cannot accept connections any more");
                        return;
                    }
                },
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
        if [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::OPNOTSUPP]
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
        assert_eq!(scope(Errno::BADF), Scope::Listener);
        assert_eq!(Scope::of(&io::Error::other("?")), Scope::Resources);
    }
}
