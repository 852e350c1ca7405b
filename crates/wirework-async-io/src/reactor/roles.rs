//! Who takes events: one of the threads in [`block_on`](crate::block_on), or async-io for want of one.
//!
//! The state alone; the `crew` acts on it.

use std::mem;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use super::parker::{Parker, Waits};

/// The members, which are the threads in `block_on`, and the role of the driver, which takes the events.
#[derive(Debug)]
pub(crate) struct Roles(Mutex<State>);

#[derive(Debug)]
struct State {
    role: Role,
    members: usize,
    /// Those that sleep. All other members run their future, or drive.
    idle: Vec<Arc<Parker>>,
    task: Task,
    /// How often events were taken by members.
    turns: usize,
    /// How often a sleeping member was woken.
    woken: usize,
    watched: Watched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nobody drives; async-io calls when there are events.
    AsyncIo,
    /// Nobody drives, because the members are busy. The rescue watches them.
    Vacant,
    /// Somebody takes events.
    Taken,
}

/// The task that takes events on an executor which async-io wakes: a member while it has something to do.
#[derive(Debug)]
enum Task {
    Unclaimed,
    /// Does nothing until it is polled for the first time.
    Claimed,
    Waits(Waker),
    /// Has been woken, or wakes itself, as a member.
    Called,
}

impl Task {
    fn call(&mut self) -> Option<Waker> {
        match mem::replace(self, Self::Called) {
            Self::Waits(waker) => Some(waker),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// Whether the rescue looks again, and how many turns it saw when it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    No,
    Since(usize),
}

/// What a member does that has nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Polls its future: it was notified.
    Poll,
    /// Waits for events.
    Drive,
    /// Sleeps.
    Sleep,
}

/// The end of a driver's turn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Whether the rescue has to be started, which now watches.
    pub(crate) start_rescue: bool,
    woken: usize,
}

/// A call of async-io.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The role is async-io's.
    Served,
    /// It was asked to call before a member took the role, and that member is busy now.
    Late,
}

/// The end of a call.
#[derive(Debug)]
pub(crate) enum Then {
    Nothing,
    /// async-io has to be asked to call again.
    Arm,
    /// The task goes on: it has to be woken, and the rescue started where it says so.
    Wake(Waker, bool),
}

/// What the rescue does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rescue {
    /// Looks again later.
    Watch,
    /// Asks async-io to call when there are events.
    Arm,
    /// Ends: somebody drives.
    End,
}

impl State {
    /// Says whether the rescue has to be started, which now watches.
    fn start_rescue(&mut self) -> bool {
        let starts = self.watched == Watched::No;
        if starts {
            self.watched = Watched::Since(self.turns);
        }
        starts
    }
}

impl Roles {
    /// Those of a crew without members: async-io has to be asked to call.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            role: Role::AsyncIo,
            members: 0,
            idle: Vec::new(),
            task: Task::Unclaimed,
            turns: 0,
            woken: 0,
            watched: Watched::No,
        }))
    }

    pub(crate) fn join(&self) {
        self.lock().members += 1;
    }

    /// A member leaves, which was not driving. Says whether async-io has to be asked to call.
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        let mut state = self.lock();
        state.members -= 1;
        state.role == Role::Vacant && hand_over(state)
    }

    /// A member has nothing to run. After a turn of its own that woke a sleeping member, it leaves the role to that one.
    pub(crate) fn next(&self, member: &Arc<Parker>, after: Option<&Turn>) -> Next {
        let mut state = self.lock();
        let others_run = state.members > state.idle.len() + 1;
        let leaves_it = others_run && after.is_some_and(|turn| turn.woken != state.woken);
        let drives = state.role != Role::Taken && !leaves_it;
        if !member.try_wait(if drives { Waits::Driving } else { Waits::Idle }) {
            return Next::Poll;
        }
        if drives {
            state.role = Role::Taken;
            Next::Drive
        } else {
            state.idle.push(Arc::clone(member));
            Next::Sleep
        }
    }

    /// A member that was notified takes what events there are, unless somebody drives.
    pub(crate) fn try_drive(&self) -> bool {
        let mut state = self.lock();
        mem::replace(&mut state.role, Role::Taken) != Role::Taken
    }

    /// A member that drove has taken its events.
    pub(crate) fn end_turn(&self) -> Turn {
        let mut state = self.lock();
        state.role = Role::Vacant;
        state.turns = state.turns.wrapping_add(1);
        Turn {
            start_rescue: state.start_rescue(),
            woken: state.woken,
        }
    }

    /// async-io calls. Without an answer, it is neither to take events nor to call again.
    pub(crate) fn call(&self) -> Option<Call> {
        let mut state = self.lock();
        match mem::replace(&mut state.role, Role::Taken) {
            Role::AsyncIo => Some(Call::Served),
            Role::Vacant => Some(Call::Late),
            Role::Taken => None,
        }
    }

    /// async-io has taken its events, `many` or not: only then will it pay to look for more at once.
    pub(crate) fn end_call(&self, call: Call, many: bool) -> Then {
        let mut state = self.lock();
        state.role = Role::Vacant;
        let needed = state.members == 0 || call == Call::Served;
        if !needed && state.idle.is_empty() {
            return Then::Nothing;
        }
        if many
            && state.idle.is_empty()
            && let Some(waker) = state.task.call()
        {
            state.members += 1;
            return Then::Wake(waker, state.start_rescue());
        }
        if hand_over(state) { Then::Arm } else { Then::Nothing }
    }

    /// Says whether there was no task yet, and that there is one now.
    pub(crate) fn claim(&self) -> bool {
        let mut state = self.lock();
        let unclaimed = matches!(state.task, Task::Unclaimed);
        if unclaimed {
            state.task = Task::Claimed;
        }
        unclaimed
    }

    /// Whether the task is to take events now. If not, `waker` is woken when it is.
    pub(crate) fn poll_task(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        if matches!(state.task, Task::Called) {
            if state.role != Role::Taken {
                state.role = Role::Taken;
                return true;
            }
            // Somebody drives.
            state.members -= 1;
        }
        state.task = Task::Waits(waker.clone());
        false
    }

    /// The task found no events, and is no longer a member. Says whether async-io has to be asked to call.
    #[must_use]
    pub(crate) fn rest_task(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        state.task = Task::Waits(waker.clone());
        state.members -= 1;
        hand_over(state)
    }

    /// The task is dropped. Says whether async-io has to be asked to call.
    #[must_use]
    pub(crate) fn unclaim(&self) -> bool {
        let mut state = self.lock();
        let task = mem::replace(&mut state.task, Task::Unclaimed);
        if !matches!(task, Task::Called) {
            return false;
        }
        state.members -= 1;
        state.role == Role::Vacant && hand_over(state)
    }

    /// Notifies a member. Says whether it was driving, so that its wait has to be interrupted.
    #[must_use]
    pub(crate) fn notify(&self, member: &Arc<Parker>) -> bool {
        let waited = member.notify();
        if waited == Some(Waits::Idle) {
            let mut state = self.lock();
            state.idle.retain(|idle| !Arc::ptr_eq(idle, member));
            state.woken = state.woken.wrapping_add(1);
            drop(state);
            member.wake();
        }
        waited == Some(Waits::Driving)
    }

    /// The rescue looks.
    pub(crate) fn rescue(&self) -> Rescue {
        let mut state = self.lock();
        if state.role == Role::Vacant && state.watched != Watched::Since(state.turns) {
            state.watched = Watched::Since(state.turns);
            return Rescue::Watch;
        }
        state.watched = Watched::No;
        if state.role == Role::Vacant && hand_over(state) {
            return Rescue::Arm;
        }
        Rescue::End
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds somebody to take the role that nobody has: a member that sleeps, or else async-io. Says whether that has to be asked
/// to call.
fn hand_over(mut state: MutexGuard<'_, State>) -> bool {
    let idle = state.idle.pop();
    state.role = if idle.is_some() { Role::Vacant } else { Role::AsyncIo };
    drop(state);
    if let Some(member) = &idle {
        // It polls its future in vain, and then finds the role.
        if member.notify() == Some(Waits::Idle) {
            member.wake();
        }
    }
    idle.is_none()
}
