//! A socket that async-io watches.
//!
//! What works everywhere, and the fallback where the reactor does not.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use async_io::Async;

use crate::interest::Interest;

#[derive(Debug)]
pub(crate) struct Plain<T> {
    io: Async<T>,
    read: Direction,
    write: Direction,
}

impl<T> Plain<T> {
    pub(crate) fn new(io: Async<T>) -> Self {
        Self {
            io,
            read: Direction::default(),
            write: Direction::default(),
        }
    }

    pub(crate) fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// Waits for what async-io reports, whatever was known before.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.would_block(Interest::Read);
        self.poll_event(Interest::Read, cx)
    }

    /// As [`Source::poll_attempt`](crate::source::Source::poll_attempt).
    pub(crate) fn poll_attempt<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(self.poll_ready(interest, cx))?;
            match attempt(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.would_block(interest),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// As [`Source::poll_transfer`](crate::source::Source::poll_transfer). Apart, as it is the rarer way where there is another.
    #[inline(never)]
    pub(crate) fn poll_transfer(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        asked: usize,
        transfer: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_attempt(interest, cx, transfer))?;
        if 0 < moved && moved < asked {
            self.would_block(interest);
        }
        Poll::Ready(Ok(moved))
    }

    /// Says when an operation is worth a try.
    fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.direction(interest).blocked.load(Ordering::Relaxed) {
            self.poll_event(interest, cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Notes that an operation would block.
    fn would_block(&self, interest: Interest) {
        self.direction(interest).blocked.store(true, Ordering::Relaxed);
    }

    /// Waits for what async-io reports. It looks at the socket's present state, so what came before is not missed.
    fn poll_event(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let direction = self.direction(interest);
        let relay = direction.relay.get_or_init(Relay::new);
        let mut relayed = Context::from_waker(&relay.waker);
        while !relay.target.take_event_or_wait(cx.waker()) {
            // Ready without an event means an event that was taken before: async-io forgets it now, and waits next time.
            ready!(match interest {
                Interest::Read => self.io.poll_readable(&mut relayed),
                Interest::Write => self.io.poll_writable(&mut relayed),
            })?;
        }
        direction.blocked.store(false, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn direction(&self, interest: Interest) -> &Direction {
        match interest {
            Interest::Read => &self.read,
            Interest::Write => &self.write,
        }
    }
}

/// One direction of a socket.
#[derive(Debug, Default)]
struct Direction {
    /// Whether an operation would block, as far as is known. A direction is polled by one task at a time, and a mistake
    /// costs one vain attempt or one wait that ends at once; hence relaxed.
    blocked: AtomicBool,
    /// Made when the direction is first waited for: an idle connection only ever waits to read.
    relay: OnceLock<Relay>,
}

/// Stands between async-io and the task that waits.
///
/// async-io wakes a waker that it replaces. Two tasks that poll the same direction would so wake each other forever; with
/// the same waker each time, async-io never replaces one. And async-io disbelieves an event that comes while another
/// thread was already waiting for events, which costs a second wait; a relay that was woken knows better.
#[derive(Debug)]
struct Relay {
    target: Arc<Target>,
    /// Wakes `target`.
    waker: Waker,
}

impl Relay {
    fn new() -> Self {
        let target = Arc::new(Target(Mutex::new(State::Idle)));
        Self {
            waker: Waker::from(Arc::clone(&target)),
            target,
        }
    }
}

/// Whom to tell of an event.
#[derive(Debug)]
struct Target(Mutex<State>);

#[derive(Debug)]
enum State {
    Idle,
    /// The task that polled last.
    Waiting(Waker),
    /// An event came and nobody has taken it yet.
    Event,
}

impl Target {
    /// Takes the event, or else leaves `waker` to be woken by the next one.
    fn take_event_or_wait(&self, waker: &Waker) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match &*state {
            State::Waiting(held) if held.will_wake(waker) => return false,
            State::Waiting(_) | State::Idle => State::Waiting(waker.clone()),
            State::Event => State::Idle,
        };
        let replaced = mem::replace(&mut *state, next);
        drop(state);
        // A replaced waker is dropped outside the lock, for that may drop a task and so run anything.
        matches!(replaced, State::Event)
    }
}

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *state, State::Event);
        drop(state);
        if let State::Waiting(waker) = before {
            waker.wake();
        }
    }
}
