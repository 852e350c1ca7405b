//! The connections that are being handled, each at a place of its own.
//!
//! A plain list, for a tree by their numbers would cost each connection four times as much. Who is rung often, by the alarms,
//! is found by its place; by its number only who is asked for by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// A list whose items keep their places, and take no more of it than they are long.
#[derive(Debug)]
struct Places<T> {
    items: Vec<Option<T>>,
    /// The places that were left.
    free: Vec<u32>,
}

impl<T> Places<T> {
    fn insert(&mut self, item: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.items[place as usize] = Some(item);
            return place;
        }
        let place = u32::try_from(self.items.len()).expect("there is no memory for 2³² connections");
        self.items.push(Some(item));
        place
    }

    fn remove(&mut self, place: u32) -> Option<T> {
        let removed = self.items.get_mut(place as usize)?.take();
        if removed.is_some() {
            self.free.push(place);
        }
        removed
    }

    fn get(&self, place: u32) -> Option<&T> {
        self.items.get(place as usize)?.as_ref()
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().flatten()
    }
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_and_used_again() {
        let mut places = Places::default();
        assert_eq!(["a", "b", "c"].map(|item| places.insert(item)), [0, 1, 2]);
        assert_eq!(places.remove(1), Some("b"));
        assert_eq!(places.remove(1), None);
        assert_eq!((places.get(0), places.get(1), places.get(7)), (Some(&"a"), None, None));
        assert_eq!([places.insert("d"), places.insert("e")], [1, 3]);
        assert_eq!(places.iter().copied().collect::<String>(), "adce");
    }

    #[test]
    fn a_place_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Option<Arc<Record>>>(), size_of::<usize>());
    }
}
