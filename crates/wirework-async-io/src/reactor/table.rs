//! The sockets that the reactor watches, by the number that comes with their events.
//!
//! A number is never used twice, so that an event which arrives late, when its socket is gone and another one has its
//! place, is recognised.

use std::sync::{Arc, PoisonError};
use std::task::Waker;

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use wirework::Places;

#[cfg(loom)]
use super::places::Places;
use super::readiness::{Readiness, Ready};

/// The sockets that are watched.
#[derive(Debug)]
pub(crate) struct Table(Mutex<Entries>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Entries {
            places: Places::new(),
            generation: 0,
        }))
    }

    /// Has a socket watched, of which this knows nothing yet.
    pub(crate) fn insert(&self) -> (Key, Arc<Readiness>) {
        let mut entries = self.lock();
        entries.generation = entries.generation.wrapping_add(1);
        let generation = entries.generation;
        let readiness = Arc::new(Readiness::new(generation));
        let index = entries.places.insert(Arc::clone(&readiness));
        (Key { index, generation }, readiness)
    }

    /// Frees the place of a socket: the [`index`](Key::index) of its key, of which each socket has room for no more.
    pub(crate) fn remove(&self, index: u32) {
        let mut entries = self.lock();
        let removed = entries.places.remove(index);
        // Its wakers are dropped outside the lock, for that may run anything.
        drop(entries);
        drop(removed);
    }

    /// Notes events, and moves the wakers of those who wait for them to `wakers`.
    pub(crate) fn dispatch(&self, events: impl Iterator<Item = (Key, Ready)>, wakers: &mut Vec<Waker>) {
        let entries = self.lock();
        for (key, ready) in events {
            if let Some(readiness) = entries.get(key) {
                readiness.set(ready, wakers);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Entries {
    places: Places<Arc<Readiness>>,
    generation: u32,
}

impl Entries {
    fn get(&self, key: Key) -> Option<&Readiness> {
        let readiness = self.places.get(key.index)?;
        (readiness.generation() == key.generation).then_some(readiness)
    }
}

/// The number of a socket. It wraps around after 2³² registrations, by when no event is that late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// No socket's.
    pub(crate) const NONE: Self = Self {
        index: u32::MAX,
        generation: 0,
    };

    pub(crate) fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    #[allow(clippy::cast_possible_truncation, reason = "each half is a number of 32 bits")]
    pub(crate) fn from_u64(number: u64) -> Self {
        Self {
            generation: (number >> 32) as u32,
            index: number as u32,
        }
    }

    /// Where in the table it is, for as long as it is there.
    pub(crate) fn index(self) -> u32 {
        self.index
    }
}
