//! The reactor without a system, and its members.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::crew::Crew;
use crate::epoll::Epoll;
use crate::parker::Parker;

/// The reactor on a model of epoll.
pub(crate) type Model = Crew<Epoll>;

impl Model {
    pub(crate) fn model() -> Arc<Self> {
        Arc::new(Self::new(Epoll::default()))
    }

    pub(crate) fn member(self: &Arc<Self>) -> Member {
        self.join();
        Member {
            reactor: Arc::clone(self),
            parker: Arc::default(),
        }
    }

    /// async-io calls, if it was asked to and there are events.
    pub(crate) fn async_io(&self) {
        let mut state = self.events.lock();
        let calls = state.armed && !state.events.is_empty();
        state.armed &= !calls;
        drop(state);
        if calls {
            self.called();
        }
    }

    /// async-io calls whenever it is to, until it is stopped.
    pub(crate) fn serve_async_io(&self) {
        while self.events.wait_for_call() {
            self.called();
        }
    }

    /// The rescue looks for as long as it is asked to.
    pub(crate) fn time_passes(&self) {
        while std::mem::take(&mut self.events.lock().rescue) {
            self.rescue();
        }
    }

    /// Whether async-io will call. It has to, once there is nobody else.
    pub(crate) fn is_armed(&self) -> bool {
        self.events.lock().armed
    }
}

#[derive(Clone)]
pub(crate) struct Member {
    reactor: Arc<Model>,
    parker: Arc<Parker>,
}

impl Member {
    pub(crate) fn wait(&self) {
        self.reactor.wait(&self.parker, &mut Vec::new());
    }

    pub(crate) fn notify(&self) {
        self.reactor.notify(&self.parker);
    }

    /// Brings an event that one of the tasks of this member waits for.
    pub(crate) fn event(&self) {
        self.reactor.events.bring([Waker::from(Arc::new(self.clone()))]);
    }

    pub(crate) fn leave(self) {
        self.reactor.leave();
    }
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}
