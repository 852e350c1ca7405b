//! Helps when all threads in [`block_on`](crate::block_on) run long.
//!
//! A thread that leaves to run its tasks does not look for a substitute, for it will mostly be back at once. Should it not,
//! this timer finds somebody else to take the events: what async-io does for its own threads, too. It runs only while
//! events are being taken, on async-io's reactor.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::Reactor;

/// How long a thread may run before others take its events.
const PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Timer {
    inner: Mutex<async_io::Timer>,
    waker: Waker,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(async_io::Timer::never()),
            waker: Waker::from(Arc::new(Look)),
        }
    }

    pub(crate) fn start(&self) {
        let mut timer = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        timer.set_after(PATIENCE);
        // Ready only where this thread was kept from going on for so long. Then it has forgotten whom to wake.
        while Pin::new(&mut *timer)
            .poll(&mut Context::from_waker(&self.waker))
            .is_ready()
        {
            timer.set_after(PATIENCE);
        }
    }
}

#[derive(Debug)]
struct Look;

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        if let Some(reactor) = Reactor::get() {
            reactor.0.rescue();
        }
    }
}
