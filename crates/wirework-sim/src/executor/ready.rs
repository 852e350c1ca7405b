//! Which tasks are to be polled, and the wakers that say so.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// A task, by its place in the table and how often that place was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskKey {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

impl TaskKey {
    /// The future that the simulation itself runs.
    pub(crate) const MAIN: Self = Self {
        index: u32::MAX,
        serial: 0,
    };

    pub(crate) fn number(self) -> u64 {
        u64::from(self.serial) << 32 | u64::from(self.index)
    }
}

/// Tasks that were woken since the executor last looked.
///
/// A lock of its own, so that a waker may be called whatever is locked.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    woken: Mutex<Vec<TaskKey>>,
}

impl Ready {
    pub(crate) fn push(&self, key: TaskKey) {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(key);
    }

    /// Moves the woken tasks to the end of `queue`, in the order in which they were woken.
    pub(crate) fn drain_to(&self, queue: &mut impl Extend<TaskKey>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(woken.drain(..));
    }
}

/// What wakes one task.
#[derive(Debug)]
pub(crate) struct TaskWaker {
    key: TaskKey,
    ready: Arc<Ready>,
    /// Whether the task is waiting to be polled, so that it is there once.
    queued: AtomicBool,
    /// The number of wakers that were made for the task. A waker of an earlier number wakes nobody.
    latest: Arc<AtomicU32>,
    number: u32,
}

impl TaskWaker {
    pub(crate) fn new(key: TaskKey, ready: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Self {
            key,
            ready: Arc::clone(ready),
            queued: AtomicBool::new(false),
            latest: Arc::default(),
            number: 0,
        })
    }

    /// Another waker of the same task, which makes all earlier ones stale.
    pub(crate) fn renew(self: &Arc<Self>) -> Arc<Self> {
        let number = self.latest.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Self {
            key: self.key,
            ready: Arc::clone(&self.ready),
            queued: AtomicBool::new(self.queued.load(Ordering::Relaxed)),
            latest: Arc::clone(&self.latest),
            number,
        })
    }

    /// The task is about to be polled: from now on a wake-up is a new one.
    pub(crate) fn begin_poll(&self) {
        self.queued.store(false, Ordering::Release);
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.queued.load(Ordering::Acquire)
    }

    /// How many clones of `waker`, which is of this task, are held by others than the executor.
    pub(crate) fn held_elsewhere(self: &Arc<Self>) -> usize {
        // The table holds one, and the waker that it polls with another.
        Arc::strong_count(self).saturating_sub(2)
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    pub(crate) fn schedule(&self) {
        if self.number == self.latest.load(Ordering::Relaxed) && !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(self.key);
        }
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.schedule();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.schedule();
    }
}
