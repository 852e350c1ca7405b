//! An edge-triggered epoll instance of our own, of which a process has one.
//!
//! async-io asks the system anew for each wait and pays up to five calls for each turn of its reactor. Here a socket is
//! registered once for its whole life, and a turn is one call.

mod crew;
mod epoll;
mod parker;
mod readiness;
mod registered;
mod rescue;
mod roles;
mod table;

use std::env;
use std::io;
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};

use self::crew::Crew;
use self::epoll::Epoll;
use self::parker::Parker;
#[cfg(test)]
pub(crate) use self::readiness::Readiness;
pub(crate) use self::registered::Registered;

/// The process's epoll instance, and the threads that take events from it.
#[derive(Debug)]
pub(crate) struct Reactor(Crew<Epoll>);

impl Reactor {
    /// `None` where sockets are left to async-io: the environment variable `WIREWORK_ASYNC_IO` is `plain`, or the system
    /// gives no epoll.
    pub(crate) fn get() -> Option<&'static Self> {
        static REACTOR: OnceLock<Option<Reactor>> = OnceLock::new();
        REACTOR
            .get_or_init(|| {
                let plain = env::var_os("WIREWORK_ASYNC_IO").is_some_and(|value| value == "plain");
                if plain { None } else { Self::new().ok() }
            })
            .as_ref()
    }

    fn new() -> io::Result<Self> {
        Ok(Self(Crew::new(Epoll::new()?)))
    }

    /// Has the calling thread take events whenever it waits.
    pub(crate) fn join(&'static self) -> Member {
        self.0.join();
        Member {
            crew: &self.0,
            parker: Arc::default(),
            wakers: Vec::new(),
        }
    }

    /// The part of the task that takes events on an executor, unless somebody has it.
    pub(crate) fn claim(&'static self) -> Option<Claim> {
        self.0.claim().then(|| Claim {
            crew: &self.0,
            wakers: Vec::new(),
        })
    }

    fn epoll(&self) -> &Epoll {
        &self.0.events
    }
}

/// A thread that takes events whenever it waits, until this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    crew: &'static Crew<Epoll>,
    parker: Arc<Parker>,
    /// Used within a turn only; kept for its memory.
    wakers: Vec<Waker>,
}

impl Member {
    /// Ends the wait.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.parker))
    }

    pub(crate) fn wait(&mut self) {
        self.crew.wait(&self.parker, &mut self.wakers);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crew.leave();
    }
}

/// The part of the task that takes events on an executor, until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    crew: &'static Crew<Epoll>,
    wakers: Vec<Waker>,
}

impl Claim {
    /// Takes events, and has `waker` woken when there may be more.
    pub(crate) fn poll(&mut self, waker: &Waker) {
        self.crew.poll_task(waker, &mut self.wakers);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.crew.unclaim();
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(reactor) = Reactor::get() {
            reactor.0.notify(self);
        }
    }
}
