//! Runs tasks one at a time, and moves time when none is ready.

mod hazard;
mod ready;
mod tasks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use hazard::{Hazard, HazardKind};
pub(crate) use ready::{Ready, TaskKey, TaskWaker};
pub(crate) use tasks::{Body, BoxedFuture, Slot, Tasks};

use crate::events::Event;
use crate::shared::Shared;
use crate::world::World;
use crate::{Failure, FailureKind, Policy};

/// After how many times the spin limit a task that nothing is to come for ends the run.
const HOPELESS: u32 = 1_000;

/// What the executor does next.
enum Step {
    Main,
    Poll(TaskKey, Body),
    Drop(Body),
    Event,
    Failed(Failure),
}

impl Shared {
    /// Runs the world until `main` is complete or cannot be any more.
    pub(crate) fn run<F: Future>(self: &Arc<Self>, main: F) -> Result<F::Output, Failure> {
        let mut main = pin!(main);
        let mut state = TaskWaker::new(TaskKey::MAIN, &self.ready);
        state.schedule();
        loop {
            let step = self.lock().step(self);
            match step {
                Step::Event => {}
                Step::Drop(body) => drop(body),
                Step::Failed(failure) => return Err(failure),
                Step::Main => {
                    state.begin_poll();
                    if self.lock().config.fresh_wakers {
                        state = state.renew();
                    }
                    let waker = state.waker();
                    if let Poll::Ready(output) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                        return Ok(output);
                    }
                    let mut world = self.lock();
                    if world.is_spurious() {
                        state.schedule();
                    }
                }
                Step::Poll(key, mut body) => {
                    let polled = body.future.as_mut().poll(&mut Context::from_waker(&body.waker));
                    let left = self.lock().finish(key, body, polled.is_ready());
                    drop(left);
                }
            }
        }
    }
}

/// Drops all that is left of `bodies`, whose futures may panic and may spawn.
pub(crate) fn drop_bodies(bodies: Vec<Body>) {
    for body in bodies {
        catch_unwind(AssertUnwindSafe(|| drop(body))).ok();
    }
}

impl World {
    fn step(&mut self, shared: &Shared) -> Step {
        self.current = TaskKey::MAIN;
        let due = self.events.next_at().is_some_and(|at| at <= self.now);
        // Polls that take time may have let the time of an event come.
        let is_late = due && !self.config.poll_cost.is_zero();
        if !is_late && !self.spinning {
            while let Some(key) = self.pick() {
                if let Some(step) = self.begin(key, shared) {
                    return step;
                }
            }
        }
        self.spinning = false;
        self.happen(shared)
    }

    /// The next task that was woken.
    fn pick(&mut self) -> Option<TaskKey> {
        if self.config.policy == Policy::Random {
            self.ready.drain_to(&mut self.queue);
            let index = self.order.index(self.queue.len());
            return self.queue.swap_remove_back(index);
        }
        if self.queue.is_empty() {
            self.ready.drain_to(&mut self.queue);
            if self.config.policy == Policy::ShuffledRounds {
                self.order.shuffle(self.queue.make_contiguous());
            }
        }
        self.queue.pop_front()
    }

    /// Takes a task out of the table to be polled, or to be dropped. Nothing is done for one that is gone or paused.
    fn begin(&mut self, key: TaskKey, shared: &Shared) -> Option<Step> {
        if key == TaskKey::MAIN {
            self.main_polls = self.main_polls.saturating_add(1);
            self.spend_poll(shared);
            return self.watch_main().or(Some(Step::Main));
        }
        let happened = self.happened;
        let fresh = self.config.fresh_wakers;
        let slot = self.tasks.get_mut(key)?;
        if slot.cancelled {
            let slot = self.tasks.remove(key)?;
            return slot.body.map(Step::Drop);
        }
        if self.hosts[slot.host.index()].is_paused() {
            self.hosts[slot.host.index()].parked.push(key);
            return None;
        }
        slot.state.begin_poll();
        if slot.polled_after != happened {
            slot.polled_after = happened;
            slot.polls = 0;
        }
        slot.polls += 1;
        let polls = slot.polls;
        let mut body = slot.body.take()?;
        if fresh {
            slot.state = slot.state.renew();
            body.waker = slot.state.waker();
        }
        self.current = key;
        self.trace.mix(key.number());
        self.spend_poll(shared);
        if polls >= self.config.spin_limit
            && let Some(failure) = self.watch(key, polls)
        {
            return Some(Step::Failed(failure));
        }
        Some(Step::Poll(key, body))
    }

    fn spend_poll(&mut self, shared: &Shared) {
        let cost = crate::link::nanos(self.config.poll_cost);
        if cost > 0 {
            self.move_to(self.now + cost, shared);
        }
    }

    /// A task has been polled often, and nothing happened meanwhile: lets an event happen in spite of it.
    fn watch(&mut self, key: TaskKey, polls: u32) -> Option<Failure> {
        self.hazard(HazardKind::Spinning, key);
        self.spinning = polls.is_multiple_of(self.config.spin_limit);
        let hopeless = polls >= self.config.spin_limit.saturating_mul(HOPELESS);
        (hopeless && self.events.next_at().is_none()).then(|| self.failure(FailureKind::Livelock))
    }

    fn watch_main(&mut self) -> Option<Step> {
        if self.main_polled_after != self.happened {
            self.main_polled_after = self.happened;
            self.main_polls = 1;
        }
        if self.main_polls < self.config.spin_limit {
            return None;
        }
        self.watch(TaskKey::MAIN, self.main_polls).map(Step::Failed)
    }

    /// A task was polled. Gives what is left of it, if anything, to be dropped.
    fn finish(&mut self, key: TaskKey, body: Body, is_done: bool) -> Option<Body> {
        self.current = TaskKey::MAIN;
        let spurious = !is_done && self.is_spurious();
        let slot = self.tasks.get_mut(key)?;
        if is_done || slot.cancelled {
            self.tasks.remove(key);
            return Some(body);
        }
        slot.body = Some(body);
        let orphaned = slot.state.held_elsewhere() == 0 && !slot.state.is_queued();
        if spurious {
            slot.state.schedule();
        }
        if orphaned {
            self.hazard(HazardKind::Orphaned, key);
        }
        None
    }

    fn is_spurious(&mut self) -> bool {
        self.config.spurious_polls > 0 && self.order.chance(self.config.spurious_polls)
    }

    /// Lets the next event happen, at whose time it then is.
    fn happen(&mut self, shared: &Shared) -> Step {
        let Some((at, event)) = self.events.pop() else {
            if self.has_ready() {
                return Step::Event;
            }
            return Step::Failed(self.failure(FailureKind::Deadlock));
        };
        if at > crate::link::nanos(self.config.time_limit) {
            return Step::Failed(self.failure(FailureKind::OutOfTime));
        }
        match event {
            Event::Timer { index, serial } => {
                if self.timers.is_live(index, serial) {
                    self.happened += 1;
                    self.move_to(at, shared);
                    self.trace.mix(u64::from(index) << 1);
                    let waiter = self.timers.fire(index, serial, at, &mut self.events);
                    self.wake(waiter);
                }
            }
            Event::Net(event) => {
                if self.is_live(&event) {
                    self.happened += 1;
                    self.move_to(at, shared);
                    self.net_event(event);
                }
            }
        }
        Step::Event
    }

    fn has_ready(&mut self) -> bool {
        self.ready.drain_to(&mut self.queue);
        !self.queue.is_empty()
    }

    fn move_to(&mut self, at: u64, shared: &Shared) {
        if at > self.now {
            self.now = at;
            shared.set_now(at);
            self.trace.mix(at);
        }
    }
}
