//! A socket without a system.

use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};

use crate::interest::Interest;
use crate::probe::Probe;
use crate::readiness::{Readiness, Ready};

/// A socket that holds so many bytes, and its readiness.
pub(crate) struct Socket {
    bytes: AtomicUsize,
    readiness: Readiness,
}

impl Socket {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(bytes),
            readiness: Readiness::new(0),
        }
    }

    pub(crate) fn receives(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
        self.readiness.bring(Ready::READ);
    }

    /// Reads so many bytes, waiting for those that have not come.
    pub(crate) fn read_all(&self, bytes: usize) {
        let probe = Probe::new();
        let mut read = 0;
        while read < bytes {
            match self.read(&probe.waker) {
                Poll::Ready(bytes) => read += bytes,
                Poll::Pending => probe.wait(),
            }
        }
    }

    /// A read into a buffer that is never filled.
    fn read(&self, waker: &Waker) -> Poll<usize> {
        loop {
            let mut cx = Context::from_waker(waker);
            let Poll::Ready(seen) = self.readiness.poll(Interest::Read, &mut cx) else {
                return Poll::Pending;
            };
            match self.bytes.swap(0, Ordering::SeqCst) {
                0 => self.readiness.would_block(Interest::Read, seen),
                bytes => {
                    self.readiness.used_up(Interest::Read, seen);
                    return Poll::Ready(bytes);
                }
            }
        }
    }
}

impl Readiness {
    pub(crate) fn bring(&self, ready: Ready) {
        let mut wakers = Vec::new();
        self.set(ready, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn exhaust(&self, interest: Interest, waker: &Waker) {
        let mut cx = Context::from_waker(waker);
        while let Poll::Ready(seen) = self.poll(interest, &mut cx) {
            self.would_block(interest, seen);
        }
    }
}
