//! Things that a thread keeps to be used again: blocks, frames, buffers.
//!
//! A connection needs them only while bytes are on their way, so it borrows them, and an idle one holds none. That is twice a turn
//! of each kind: the one used last has a place of its own, where it is found in a few instructions, and still in the cache.

use std::cell::{Cell, RefCell};
use std::fmt;

/// Where a thread keeps what it has no use for at the time. For a `thread_local`.
#[doc(hidden)]
pub struct Spares<T> {
    last: Cell<Option<T>>,
    older: RefCell<Vec<T>>,
    most: usize,
}

impl<T> Spares<T> {
    /// Room for the one used last, and for older ones: at most `most` in all.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            last: Cell::new(None),
            older: RefCell::new(Vec::new()),
            most,
        }
    }

    /// The one used last.
    #[must_use]
    #[inline]
    pub fn take(&self) -> Option<T> {
        self.last.take().or_else(|| self.take_older())
    }

    #[inline(never)]
    fn take_older(&self) -> Option<T> {
        self.older.borrow_mut().pop()
    }

    /// Keeps it, or drops one where there is no more room.
    #[inline]
    pub fn put(&self, spare: T) {
        if let Some(older) = self.last.replace(Some(spare)) {
            self.put_older(older);
        }
    }

    #[inline(never)]
    fn put_older(&self, spare: T) {
        let mut older = self.older.borrow_mut();
        if older.len() + 1 < self.most {
            older.push(spare);
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let last = self.last.take();
        let is_there = last.is_some();
        self.last.set(last);
        self.older.borrow().len() + usize::from(is_there)
    }
}

impl<T> fmt::Debug for Spares<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spares")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_comes_first_and_no_more_are_kept_than_there_is_room_for() {
        let spares = Spares::new(3);
        assert_eq!(spares.take(), None);
        for spare in 1..=5 {
            spares.put(spare);
        }
        assert_eq!(spares.len(), 3);
        let taken: Vec<_> = std::iter::from_fn(|| spares.take()).collect();
        assert_eq!(taken, [5, 2, 1]);
    }
}
