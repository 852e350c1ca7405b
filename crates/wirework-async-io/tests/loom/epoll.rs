//! A model of epoll: events are wakers.

use std::task::Waker;

use loom::sync::{Condvar, Mutex, MutexGuard};

use crate::crew::{Events, Wait};

#[derive(Default)]
pub(crate) struct Epoll(Mutex<State>, Condvar);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) events: Vec<Waker>,
    interrupted: bool,
    pub(crate) armed: bool,
    pub(crate) rescue: bool,
    stopped: bool,
}

impl Epoll {
    pub(crate) fn bring(&self, wakers: impl IntoIterator<Item = Waker>) {
        self.lock().events.extend(wakers);
        self.1.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.1.notify_all();
    }

    pub(crate) fn wait_for_call(&self) -> bool {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            if state.armed && !state.events.is_empty() {
                state.armed = false;
                return true;
            }
            state = self.1.wait(state).unwrap();
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Events for Epoll {
    fn take(&self, wait: Wait, wakers: &mut Vec<Waker>) {
        let mut state = self.lock();
        while wait == Wait::ForEvents && !state.interrupted && state.events.is_empty() {
            state = self.1.wait(state).unwrap();
        }
        state.interrupted = false;
        wakers.append(&mut state.events);
    }

    fn interrupt(&self) {
        self.lock().interrupted = true;
        self.1.notify_all();
    }

    fn arm(&self) {
        self.lock().armed = true;
        self.1.notify_all();
    }

    fn start_rescue(&self) {
        self.lock().rescue = true;
    }
}
