//! Hashes: fields and their values.

use ahash::RandomState;
use indexmap::IndexMap;

use super::value::Tally;
use super::{Blob, blob};

/// Fields and their values. They lie in a row, so a cursor or a random choice is a place in it.
#[derive(Debug, Clone)]
pub struct Hash {
    fields: IndexMap<Blob, Blob, RandomState>,
    pub(super) tally: Tally,
}

fn weight(field: &Blob, value: &Blob) -> usize {
    // The hash and the place in the table are a word each.
    2 * size_of::<Blob>() + 2 * size_of::<usize>() + blob::spilled(field) + blob::spilled(value)
}

impl Hash {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            fields: IndexMap::with_hasher(seed),
            tally: Tally::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn get(&self, field: &[u8]) -> Option<&Blob> {
        self.fields.get(field)
    }

    pub fn at(&self, place: usize) -> Option<(&Blob, &Blob)> {
        self.fields.get_index(place)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Blob, &Blob)> {
        self.fields.iter()
    }

    /// Sets a field and tells whether it is new.
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let value = Blob::from_slice(value);
        if let Some((_, field, old)) = self.fields.get_full_mut(field) {
            self.tally.take(weight(field, old));
            self.tally.add(weight(field, &value));
            *old = value;
            return false;
        }
        let field = Blob::from_slice(field);
        self.tally.add(weight(&field, &value));
        self.fields.insert(field, value);
        true
    }

    pub fn remove(&mut self, field: &[u8]) -> bool {
        let Some((field, value)) = self.fields.swap_remove_entry(field) else {
            return false;
        };
        self.tally.take(weight(&field, &value));
        true
    }
}
