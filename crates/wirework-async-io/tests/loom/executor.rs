//! An executor that wakes itself for the reactor's task.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};

use crate::model::Model;

/// A thread that runs the task of the reactor, and a task for each event.
pub(crate) struct Executor {
    reactor: Arc<Model>,
    woken: Arc<(Mutex<u8>, Condvar)>,
}

/// The waker of the task with this bit.
pub(crate) struct Wakes(u8, Arc<(Mutex<u8>, Condvar)>);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        *self.1.0.lock().unwrap() |= self.0;
        self.1.1.notify_one();
    }
}

impl Executor {
    pub(crate) const TASK: u8 = 128;

    pub(crate) fn on(reactor: &Arc<Model>) -> Self {
        assert!(reactor.claim());
        let executor = Self {
            reactor: Arc::clone(reactor),
            woken: Arc::new((Mutex::new(Self::TASK), Condvar::new())),
        };
        executor.run();
        executor
    }

    pub(crate) fn event(&self, bit: u8) -> Waker {
        Waker::from(Arc::new(Wakes(bit, Arc::clone(&self.woken))))
    }

    /// Runs what there is to run.
    pub(crate) fn run(&self) {
        while self.take_task() {
            self.reactor.poll_task(&self.event(Self::TASK), &mut Vec::new());
        }
    }

    pub(crate) fn run_until(&self, events: u8) {
        loop {
            self.run();
            let mut woken = self.woken.0.lock().unwrap();
            if *woken & events == events {
                return;
            }
            while *woken & Self::TASK == 0 && *woken & events != events {
                woken = self.woken.1.wait(woken).unwrap();
            }
        }
    }

    pub(crate) fn take_task(&self) -> bool {
        let mut woken = self.woken.0.lock().unwrap();
        let is_woken = *woken & Self::TASK != 0;
        *woken &= !Self::TASK;
        is_woken
    }
}
