//! What is known of one socket, and the tasks that wait to know more.
//!
//! The system reports a change once. So what it reported is kept here until an operation shows that it is used up, and
//! nothing may get lost between an operation and the note of its result, in which time another thread may bring a newer
//! report: a note says which report it refers to, and is dropped where that is no longer the last one.

use std::ops::BitOr;
use std::task::{Context, Poll, Waker};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, Ordering};
#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, Ordering};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use std::sync::PoisonError;

use crate::interest::Interest;

/// One socket's readiness, shared by those who use it and those who bring its events.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// What is ready, and above those bits a count of the events. It wraps around after 2²⁹ of them, more than come while one
    /// operation is under way.
    word: AtomicU32,
    /// Tells the socket from those that had its place before.
    generation: u32,
    waiting: Mutex<Waiting>,
}

/// The tasks that polled each direction last. Behind one lock, as each idle socket has one.
#[derive(Debug, Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Readiness {
    /// A socket that is worth a try in both directions.
    pub(crate) fn new(generation: u32) -> Self {
        Self {
            word: AtomicU32::new((Ready::READ | Ready::WRITE).0),
            generation,
            waiting: Mutex::new(Waiting::default()),
        }
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Says when an operation is worth a try. Otherwise the waker of the last call is the one that is woken.
    #[inline]
    pub(crate) fn poll(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<Seen> {
        match self.look(interest) {
            Some(seen) => Poll::Ready(seen),
            None => self.wait(interest, cx.waker()),
        }
    }

    /// Notes that an operation moved less than it could have: the next one would block, unless an event came since `seen`
    /// or the peer has ended the stream, which is never reported again.
    pub(crate) fn used_up(&self, interest: Interest, seen: Seen) {
        self.clear(Ready::of(interest), seen);
    }

    /// Notes that an operation would have blocked, unless an event came since `seen`.
    pub(crate) fn would_block(&self, interest: Interest, seen: Seen) {
        self.clear(Ready::of(interest) | Ready::end_of(interest), seen);
    }

    /// Notes an event, and moves the wakers of those who wait for it to `wakers`, to be woken once no lock is held.
    pub(crate) fn set(&self, ready: Ready, wakers: &mut Vec<Waker>) {
        self.update(|word| Some(word.wrapping_add(EVENT) | ready.0));
        let mut waiting = self.waiting();
        for interest in [Interest::Read, Interest::Write] {
            if ready.intersects(Ready::of(interest))
                && let Some(waker) = waiting.of(interest).take()
            {
                wakers.push(waker);
            }
        }
    }

    /// Has `waker` woken by the next event, unless that has come.
    #[inline(never)]
    fn wait(&self, interest: Interest, waker: &Waker) -> Poll<Seen> {
        self.leave(interest, waker);
        // An event that was faster than the waker did not wake it. One that is slower finds it.
        self.look(interest).map_or(Poll::Pending, Poll::Ready)
    }

    fn leave(&self, interest: Interest, waker: &Waker) {
        let mut waiting = self.waiting();
        let held = waiting.of(interest);
        if !held.as_ref().is_some_and(|held| held.will_wake(waker)) {
            let replaced = held.replace(waker.clone());
            // Dropped outside the lock, for that may drop a task and so run anything. Not woken: two tasks that poll the
            // same direction would wake each other for ever.
            drop(waiting);
            drop(replaced);
        }
    }

    #[inline]
    fn look(&self, interest: Interest) -> Option<Seen> {
        let word = self.word.load(Ordering::Acquire);
        let ready = Ready(word).intersects(Ready::of(interest) | Ready::end_of(interest));
        ready.then_some(Seen(word & !(EVENT - 1)))
    }

    fn clear(&self, ready: Ready, seen: Seen) {
        self.update(|word| (word & !(EVENT - 1) == seen.0).then_some(word & !ready.0));
    }

    fn update(&self, change: impl FnMut(u32) -> Option<u32>) {
        // What `change` declines is left as it is.
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, change).ok();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn of(&mut self, interest: Interest) -> &mut Option<Waker> {
        match interest {
            Interest::Read => &mut self.reader,
            Interest::Write => &mut self.writer,
        }
    }
}

/// What an event says is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready(u32);

impl Ready {
    pub(crate) const NOTHING: Self = Self(0);
    pub(crate) const READ: Self = Self(1);
    pub(crate) const WRITE: Self = Self(2);
    /// The peer sends nothing more: reading never blocks again.
    pub(crate) const END: Self = Self(4);

    fn of(interest: Interest) -> Self {
        match interest {
            Interest::Read => Self::READ,
            Interest::Write => Self::WRITE,
        }
    }

    /// What stays ready for good.
    fn end_of(interest: Interest) -> Self {
        match interest {
            Interest::Read => Self::END,
            // After the end a write fails, and does not come out short.
            Interest::Write => Self::NOTHING,
        }
    }

    fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// When it was said that an operation is worth a try: the number of the socket's last event by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u32);

/// One event more.
const EVENT: u32 = 8;
