//! A connection while someone has it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::shelf::Entry;
use super::{Place, PoolSource, Shared};
use crate::Runtime;
use crate::time::timeout;

/// A connection taken out of a [`Pool`](crate::Pool). Dropping it gives it back.
///
/// A conversation that is broken off in the middle, by an error or because a future was dropped, leaves answers behind that
/// the next taker would read. Say [`set_busy`](Self::set_busy) before one begins and after it has ended: a busy connection that
/// is dropped is closed. (A [`Client`](crate::Client) needs none of this: its calls may be dropped at any time.)
pub struct Pooled<S: PoolSource> {
    shared: Arc<Shared<S>>,
    /// There until it is dropped.
    entry: Option<Entry<S::Item>>,
    busy: bool,
}

impl<S: PoolSource> Pooled<S> {
    pub(super) fn new(shared: &Arc<Shared<S>>, entry: Entry<S::Item>) -> Self {
        Self {
            shared: Arc::clone(shared),
            entry: Some(entry),
            busy: false,
        }
    }

    /// Sets whether it is in the middle of a conversation; not, when it is taken. Dropped while it is, it is closed.
    pub fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Closes it, rather than give it back.
    pub fn discard(mut self) {
        self.busy = true;
    }

    /// It was made in that place, which is its own now.
    pub(super) fn in_place(self, place: Place<S>) -> Self {
        place.keep();
        self
    }

    /// Itself if it is healthy, else its place.
    pub(super) async fn if_healthy(mut self) -> Result<Self, Place<S>> {
        let shared = Arc::clone(&self.shared);
        let now = shared.runtime.now();
        // If the check is given up, nobody knows how far it went.
        self.busy = true;
        let is_fresh = self.entry.as_ref().is_some_and(|entry| !shared.is_stale(entry, now));
        // It may have ended since it was given back.
        if is_fresh && shared.source.is_reusable(&mut self) {
            let check = shared.source.check(&mut self);
            let checked = timeout(&shared.runtime, shared.options.check_timeout, check).await;
            if checked == Ok(true) {
                self.busy = false;
                return Ok(self);
            }
        }
        let place = Place::new(&shared);
        drop(self.entry.take());
        Err(place)
    }
}

impl<S: PoolSource> Deref for Pooled<S> {
    type Target = S::Item;

    fn deref(&self) -> &S::Item {
        &self.entry.as_ref().expect("it is there until it is dropped").item
    }
}

impl<S: PoolSource> DerefMut for Pooled<S> {
    fn deref_mut(&mut self) -> &mut S::Item {
        &mut self.entry.as_mut().expect("it is there until it is dropped").item
    }
}

impl<S: PoolSource> Drop for Pooled<S> {
    fn drop(&mut self) {
        // Free once the connection is closed, even if that panics.
        let place = Place::new(&self.shared);
        match self.entry.take() {
            Some(entry) if self.busy => drop(entry),
            Some(entry) => {
                place.keep();
                self.shared.give_back(entry);
            }
            None => place.keep(),
        }
    }
}

impl<S: PoolSource<Item: fmt::Debug>> fmt::Debug for Pooled<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
