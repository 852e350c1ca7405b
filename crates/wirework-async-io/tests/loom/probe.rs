//! A task that waits for one thing.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};

/// A waker that can be waited for.
pub(crate) struct Probe {
    woken: Arc<Woken>,
    pub(crate) waker: Waker,
}

impl Probe {
    pub(crate) fn new() -> Self {
        let woken = Arc::new(Woken(Mutex::new(false), Condvar::new()));
        Self {
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        }
    }

    pub(crate) fn wait(&self) {
        let mut woken = self.woken.0.lock().unwrap();
        while !*woken {
            woken = self.woken.1.wait(woken).unwrap();
        }
        *woken = false;
    }
}

pub(crate) struct Woken(Mutex<bool>, Condvar);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
}
