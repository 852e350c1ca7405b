//! What a thread is doing while its future waits.
//!
//! A waker must know how to reach the thread: one that sleeps is woken, one that waits for events is interrupted, and one
//! that is busy looks for itself.

use std::sync::PoisonError;

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(loom)]
use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex, MutexGuard};

/// One thread that runs a future.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    /// One of the constants below. `BUSY` at first.
    state: AtomicU8,
    sleep: Mutex<()>,
    woken: Condvar,
}

/// Runs its future, or has just done so.
const BUSY: u8 = 0;
/// Is to poll its future again.
const NOTIFIED: u8 = 1;
/// Sleeps.
const IDLE: u8 = 2;
/// Waits for events.
const DRIVING: u8 = 3;

/// How a thread waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Asleep. Once notified, it has to be [woken](Parker::wake).
    Idle,
    /// For events. Once notified, its wait has to be interrupted.
    Driving,
}

impl Parker {
    /// Notifies the thread, and says how it waited, if it did.
    pub(crate) fn notify(&self) -> Option<Waits> {
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            IDLE => Some(Waits::Idle),
            DRIVING => Some(Waits::Driving),
            _ => None,
        }
    }

    pub(crate) fn wake(&self) {
        // Not between the other's look and its sleep.
        drop(self.lock());
        self.woken.notify_one();
    }

    /// Goes over from busy to waiting, unless it was notified.
    pub(crate) fn try_wait(&self, how: Waits) -> bool {
        let state = match how {
            Waits::Idle => IDLE,
            Waits::Driving => DRIVING,
        };
        let exchange = self
            .state
            .compare_exchange(BUSY, state, Ordering::AcqRel, Ordering::Acquire);
        exchange.is_ok()
    }

    /// Goes back to busy, and says whether it was notified.
    pub(crate) fn take_notified(&self) -> bool {
        self.state.swap(BUSY, Ordering::AcqRel) == NOTIFIED
    }

    /// Sleeps until it is notified.
    pub(crate) fn sleep(&self) {
        let mut lock = self.lock();
        while self.state.load(Ordering::Acquire) != NOTIFIED {
            lock = self.woken.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        self.take_notified();
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.sleep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
