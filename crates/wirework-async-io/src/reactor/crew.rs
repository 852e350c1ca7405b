//! The threads that take events, in turn.
//!
//! One at a time is the driver. The role is with a thread that has nothing else to do, preferably the one whose tasks the
//! events are for, since to wake another one costs more than an event. One that leaves to run its tasks will mostly be back at
//! once, so it does not look for a substitute: the rescue does, should that take long.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::parker::Parker;
use super::roles::{Next, Rescue, Roles, Then};

/// Where events come from, and how its waits are ended.
pub(crate) trait Events {
    /// Takes events, waiting for the first where `wait` says so, and collects those who wait for them.
    fn take(&self, wait: Wait, wakers: &mut Vec<Waker>);

    /// Ends the present wait, or else the next one.
    fn interrupt(&self);

    /// Has [`Crew::called`] called once there are events, which may be now.
    fn arm(&self);

    /// Has [`Crew::rescue`] called in a while.
    fn start_rescue(&self);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    ForEvents,
    Not,
}

/// The threads that take events from `E`.
#[derive(Debug)]
pub(crate) struct Crew<E> {
    pub(crate) events: E,
    roles: Roles,
    /// For calls of async-io; kept for its memory. Not loom's, for it is never waited for: one at a time takes events.
    wakers: Mutex<Vec<Waker>>,
}

impl<E: Events> Crew<E> {
    /// Without members: async-io is to call.
    pub(crate) fn new(events: E) -> Self {
        events.arm();
        Self {
            events,
            roles: Roles::new(),
            wakers: Mutex::default(),
        }
    }

    pub(crate) fn join(&self) {
        self.roles.join();
    }

    pub(crate) fn leave(&self) {
        if self.roles.leave() {
            self.events.arm();
        }
    }

    /// Waits until `member` is notified. Meanwhile, or at least once, takes events, unless another member does.
    pub(crate) fn wait(&self, member: &Arc<Parker>, wakers: &mut Vec<Waker>) {
        let mut after = None;
        loop {
            match self.roles.next(member, after.as_ref()) {
                Next::Sleep => return member.sleep(),
                Next::Drive => self.events.take(Wait::ForEvents, wakers),
                // Tasks that keep their thread busy must not keep the events waiting.
                Next::Poll if after.is_none() && self.roles.try_drive() => self.events.take(Wait::Not, wakers),
                Next::Poll => {
                    member.take_notified();
                    return;
                }
            }
            // From here on it looks for itself, and is not to be interrupted.
            let mut notified = member.take_notified();
            let turn = self.roles.end_turn();
            if turn.start_rescue {
                self.events.start_rescue();
            }
            wake(wakers.drain(..));
            notified |= member.take_notified();
            if notified {
                return;
            }
            after = Some(turn);
        }
    }

    /// Ends the wait of `member`, or else its next one.
    pub(crate) fn notify(&self, member: &Arc<Parker>) {
        if self.roles.notify(member) {
            self.events.interrupt();
        }
    }

    /// async-io says that there are events.
    pub(crate) fn called(&self) {
        if let Some(call) = self.roles.call() {
            let mut wakers = mem::take(&mut *self.wakers());
            self.events.take(Wait::Not, &mut wakers);
            let then = self.roles.end_call(call, wakers.len() > 1);
            wake(wakers.drain(..));
            *self.wakers() = wakers;
            match then {
                Then::Nothing => {}
                Then::Arm => self.events.arm(),
                Then::Wake(task, start_rescue) => {
                    if start_rescue {
                        self.events.start_rescue();
                    }
                    // After the tasks that the events are for, so that it is their turn first.
                    wake([task]);
                }
            }
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims the part of the [task](Self::poll_task), unless somebody has it.
    pub(crate) fn claim(&self) -> bool {
        self.roles.claim()
    }

    pub(crate) fn unclaim(&self) {
        if self.roles.unclaim() {
            self.events.arm();
        }
    }

    /// A task that goes on taking events after async-io was called, in between the tasks that those are for, until none are
    /// left. It never completes.
    pub(crate) fn poll_task(&self, waker: &Waker, wakers: &mut Vec<Waker>) {
        if !self.roles.poll_task(waker) {
            return;
        }
        self.events.take(Wait::Not, wakers);
        if wakers.is_empty() {
            if self.roles.rest_task(waker) {
                self.events.arm();
            }
        } else {
            if self.roles.end_turn().start_rescue {
                self.events.start_rescue();
            }
            wake(wakers.drain(..));
            waker.wake_by_ref();
        }
    }

    /// Looks whether the members have been too busy to take events.
    pub(crate) fn rescue(&self) {
        match self.roles.rescue() {
            Rescue::Watch => self.events.start_rescue(),
            Rescue::Arm => self.events.arm(),
            Rescue::End => {}
        }
    }
}

fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        // A waker that panics must not keep the others asleep.
        panic::catch_unwind(AssertUnwindSafe(|| waker.wake())).ok();
    }
}
