//! A socket that the reactor watches, from its registration to its end.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use wirework::socket::AsSocket;

use super::Reactor;
use super::readiness::Readiness;
use crate::interest::{Interest, Seen};

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
        let readiness = Arc::new(Readiness::new());
        let index = self.epoll().add(&io, Arc::clone(&readiness))?;
        Ok(Registered { io, readiness, index })
    }
}

impl<T: AsSocket> Registered<T> {
    pub(crate) fn get_ref(&self) -> &T {
        &self.io
    }

    /// Says when an operation is worth a try.
    pub(crate) fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<Seen> {
        self.readiness.poll(interest, cx)
    }

    pub(crate) fn used_up(&self, interest: Interest, seen: Seen) {
        self.readiness.used_up(interest, seen);
    }

    pub(crate) fn would_block(&self, interest: Interest, seen: Seen) {
        self.readiness.would_block(interest, seen);
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
