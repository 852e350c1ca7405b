//! Timers: exact to the nanosecond of their host's clock.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use slab::Slab;

use crate::events::{Event, Events};
use crate::host::HostId;
use crate::shared::{Shared, Waiter};
use crate::{SimRuntime, clock::Clock};

/// A timer of a simulated host.
///
/// It completes when the host's clock shows its deadline, and not a nanosecond before. Moving it to a later time costs nothing
/// until the earlier one comes.
pub struct SimTimer {
    shared: Arc<Shared>,
    clock: Clock,
    host: HostId,
    /// On the world's clock.
    deadline: u64,
    /// Its place in the table, while it waits.
    registered: Option<usize>,
}

impl SimTimer {
    pub(crate) fn new(runtime: &SimRuntime, deadline: Instant) -> Self {
        Self {
            shared: Arc::clone(runtime.shared()),
            clock: runtime.clock(),
            host: runtime.host_id(),
            deadline: runtime.world_time(deadline),
            registered: None,
        }
    }
}

impl Future for SimTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.shared.now() >= this.deadline {
            this.cancel();
            return Poll::Ready(());
        }
        let mut world = this.shared.lock();
        let world = &mut *world;
        let waiter = world.waiter(cx);
        let (host, deadline) = (this.host, this.deadline);
        let index = *this.registered.get_or_insert_with(|| world.timers.insert(host));
        let replaced = world.timers.wait(index, deadline, waiter, &mut world.events);
        world.discard(replaced);
        Poll::Pending
    }
}

impl SimTimer {
    fn cancel(&mut self) {
        if let Some(index) = self.registered.take() {
            let mut world = self.shared.lock();
            let world = &mut *world;
            let waiter = world.timers.remove(index, &mut world.events);
            world.discard(waiter);
        }
    }
}

impl wirework::Timer for SimTimer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = this.clock.world(this.shared.nanos(deadline));
    }
}

impl Drop for SimTimer {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for SimTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimTimer")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The timers that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    slots: Slab<Slot>,
    serial: u32,
}

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) host: HostId,
    pub(crate) deadline: u64,
    /// When its event comes, if there is one.
    armed: Option<u64>,
    /// Of the event; all others are of the past.
    serial: u32,
    pub(crate) waiter: Option<Waiter>,
}

impl Timers {
    fn insert(&mut self, host: HostId) -> usize {
        self.slots.insert(Slot {
            host,
            deadline: 0,
            armed: None,
            serial: 0,
            waiter: None,
        })
    }

    fn remove(&mut self, index: usize, events: &mut Events) -> Option<Waiter> {
        let slot = self.slots.remove(index);
        if slot.armed.is_some() {
            events.forget(|event| match event {
                Event::Timer { index, serial } => self.is_live(*index, *serial),
                Event::Net(_) => true,
            });
        }
        slot.waiter
    }

    /// Whether an event of a timer will do anything.
    pub(crate) fn is_live(&self, index: u32, serial: u32) -> bool {
        let slot = self.slots.get(index as usize);
        slot.is_some_and(|slot| slot.serial == serial && slot.armed.is_some())
    }

    /// Gives the waiter that lost its place.
    fn wait(&mut self, index: usize, deadline: u64, waiter: Waiter, events: &mut Events) -> Option<Waiter> {
        let slot = &mut self.slots[index];
        slot.deadline = deadline;
        if slot.armed.is_none_or(|armed| deadline < armed) {
            self.serial = self.serial.wrapping_add(1);
            slot.serial = self.serial;
            slot.armed = Some(deadline);
            events.push(deadline, event(index, self.serial));
        }
        slot.waiter.replace(waiter)
    }

    /// An event came: gives who is to be woken. A deadline that has moved meanwhile gets a new event.
    pub(crate) fn fire(&mut self, index: u32, serial: u32, now: u64, events: &mut Events) -> Option<Waiter> {
        if !self.is_live(index, serial) {
            return None;
        }
        let slot = self.slots.get_mut(index as usize)?;
        if slot.deadline > now {
            slot.armed = Some(slot.deadline);
            events.push(slot.deadline, event(index as usize, serial));
            return None;
        }
        slot.armed = None;
        slot.waiter.take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|(_, slot)| slot)
    }
}

fn event(index: usize, serial: u32) -> Event {
    let index = u32::try_from(index).expect("fewer than 2^32 timers live at once");
    Event::Timer { index, serial }
}
