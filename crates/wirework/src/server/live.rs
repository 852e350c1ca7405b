//! The connections that are being handled, each at a place of its own.
//!
//! A plain list, for a tree by their numbers would cost each connection four times as much. Who is rung often, by the alarms,
//! is found by its place; by its number only who is asked for by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Places;
use crate::record::Record;

#[derive(Debug, Default)]
pub(super) struct Live(Mutex<Connections>);

#[derive(Debug, Default)]
struct Connections {
    records: Places<Arc<Record>>,
    /// Whether they were cut, and with them any that come after.
    cut: bool,
}

impl Live {
    /// Finds a place for a connection, and tells it.
    pub(super) fn insert(&self, record: &Arc<Record>) {
        let mut connections = self.connections();
        let is_cut = connections.cut;
        record.set_place(connections.records.insert(Arc::clone(record)));
        drop(connections);
        if is_cut {
            record.close();
        }
    }

    pub(super) fn remove(&self, record: &Record) {
        let removed = self.connections().records.remove(record.place());
        // Dropped here, with no lock held: it may be the last that holds what a handler has attached.
        drop(removed);
    }

    /// Who has that place now.
    pub(super) fn at(&self, place: u32) -> Option<Arc<Record>> {
        self.connections().records.get(place).cloned()
    }

    /// The connection of that number.
    pub(super) fn get(&self, id: u64) -> Option<Arc<Record>> {
        let connections = self.connections();
        connections.records.iter().find(|record| record.id == id).cloned()
    }

    /// All connections, the oldest first. Copied, since whatever is done with one may make others end and leave.
    pub(super) fn all(&self) -> Vec<Arc<Record>> {
        let mut all: Vec<_> = self.connections().records.iter().cloned().collect();
        all.sort_unstable_by_key(|record| record.id);
        all
    }

    /// Closes all connections, for good.
    pub(super) fn cut(&self) {
        self.connections().cut = true;
        for record in self.all() {
            record.close();
        }
    }

    /// Wakes all connections, to see that a shutdown has begun.
    pub(super) fn wake(&self) {
        for record in self.all() {
            record.ring();
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        // Changed in one step each.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Option<Arc<Record>>>(), size_of::<usize>());
    }
}
