//! What everything of one simulation shares, and the lock around it.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use crate::Config;
use crate::executor::{Ready, TaskKey};
use crate::world::World;

/// One simulation.
pub(crate) struct Shared {
    pub(crate) ready: Arc<Ready>,
    /// Nanoseconds since the world began; changed by the executor only, under the lock.
    now: AtomicU64,
    /// What programs see as the beginning. All that comes of it is differences.
    base: Instant,
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        let ready = Arc::default();
        // Far from the beginning of the system's clock, so that programs may subtract from it.
        let base = Instant::now() + Duration::from_hours(24 * 365 * 10);
        Arc::new(Self {
            world: Mutex::new(World::new(config, Arc::clone(&ready))),
            ready,
            now: AtomicU64::new(0),
            base,
        })
    }

    /// Nanoseconds since the world began.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// What a host's clock that shows `nanos` looks like to programs.
    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        self.base + Duration::from_nanos(nanos)
    }

    /// The reverse; what is farther away than the world lasts is `u64::MAX`.
    pub(crate) fn nanos(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.base);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn lock(&self) -> Locked<'_> {
        // The world is consistent between its methods, which do not call code that can panic.
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { world: Some(world) }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

/// The world, while nobody else has it. Wakers that are to be called are called once it is free again, for they may run
/// anything.
pub(crate) struct Locked<'a> {
    world: Option<MutexGuard<'a, World>>,
}

impl Deref for Locked<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        self.world.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut World {
        self.world.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let Some(mut world) = self.world.take() else { return };
        let wakes = mem::take(&mut world.wakes);
        let discarded = mem::take(&mut world.discarded);
        drop(world);
        wakes.wake();
        drop(discarded);
    }
}

/// Who waits for something: a waker, and the task that gave it, for the report of a deadlock.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) waker: Waker,
    pub(crate) task: TaskKey,
}

/// Wakers to be called; the first without an allocation, since mostly there is one.
#[derive(Default)]
pub(crate) struct Wakes {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakes {
    pub(crate) fn push(&mut self, waker: Waker) {
        match &self.first {
            None => self.first = Some(waker),
            Some(_) => self.more.push(waker),
        }
    }

    fn wake(self) {
        for waker in self.first.into_iter().chain(self.more) {
            waker.wake();
        }
    }
}

impl World {
    /// Whoever polls with `cx`.
    pub(crate) fn waiter(&self, cx: &Context<'_>) -> Waiter {
        Waiter {
            waker: cx.waker().clone(),
            task: self.current,
        }
    }

    /// Wakes `waiter` as soon as the lock is released.
    pub(crate) fn wake(&mut self, waiter: Option<Waiter>) {
        if let Some(waiter) = waiter {
            self.wakes.push(waiter.waker);
        }
    }

    /// Drops `waiter` as soon as the lock is released: dropping a waker may run anything.
    pub(crate) fn discard(&mut self, waiter: Option<Waiter>) {
        if let Some(waiter) = waiter {
            self.discarded.push(waiter);
        }
    }
}
