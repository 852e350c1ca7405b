//! A socket that the reactor watches, from its registration to its end.

use std::hint::cold_path;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use wirework::socket::AsSocket;

use super::Reactor;
use super::readiness::{Readiness, Seen};
use crate::interest::Interest;

#[derive(Debug)]
pub(crate) struct Registered<T: AsSocket> {
    io: T,
    readiness: Arc<Readiness>,
    /// Its place in the reactor's table.
    index: u32,
}

impl Reactor {
    /// Watches a socket, which must be non-blocking.
    pub(crate) fn register<T: AsSocket>(&'static self, io: T) -> io::Result<Registered<T>> {
        let (index, readiness) = self.epoll().add(&io)?;
        Ok(Registered { io, readiness, index })
    }
}

impl<T: AsSocket> Registered<T> {
    pub(crate) fn get_ref(&self) -> &T {
        &self.io
    }

    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.readiness.poll(Interest::Read, cx).map(|_| Ok(()))
    }

    /// As [`Source::poll_attempt`](crate::source::Source::poll_attempt).
    pub(crate) fn poll_attempt<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_seen(interest, cx, attempt).map_ok(|(result, _)| result)
    }

    /// As [`Source::poll_transfer`](crate::source::Source::poll_transfer).
    #[inline]
    pub(crate) fn poll_transfer(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        asked: usize,
        transfer: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let (moved, seen) = ready!(self.poll_seen(interest, cx, transfer))?;
        if 0 < moved && moved < asked {
            self.readiness.used_up(interest, seen);
        }
        Poll::Ready(Ok(moved))
    }

    /// Attempts an operation until it does not block, and says what the last attempt relied on.
    #[inline]
    fn poll_seen<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<(R, Seen)>> {
        loop {
            let seen = ready!(self.readiness.poll(interest, cx));
            match attempt(&self.io) {
                Ok(result) => return Poll::Ready(Ok((result, seen))),
                Err(error) => {
                    cold_path();
                    match error.kind() {
                        io::ErrorKind::WouldBlock => self.readiness.would_block(interest, seen),
                        io::ErrorKind::Interrupted => {}
                        _ => return Poll::Ready(Err(error)),
                    }
                }
            }
        }
    }
}

impl<T: AsSocket> Drop for Registered<T> {
    fn drop(&mut self) {
        // There is one for the whole process, so none keeps a pointer to it.
        if let Some(reactor) = Reactor::get() {
            reactor.epoll().remove(&self.io, self.index);
        }
    }
}
