//! Sets.

use ahash::RandomState;
use indexmap::IndexSet;

use super::value::Tally;
use super::{Blob, blob};

/// A set of strings. They lie in a row, so a cursor or a random choice is a place in it.
#[derive(Debug, Clone)]
pub struct Set {
    members: IndexSet<Blob, RandomState>,
    pub(super) tally: Tally,
}

fn weight(member: &Blob) -> usize {
    // The hash and the place in the table are a word each.
    size_of::<Blob>() + 2 * size_of::<usize>() + blob::spilled(member)
}

impl Set {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            members: IndexSet::with_hasher(seed),
            tally: Tally::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn contains(&self, member: &[u8]) -> bool {
        self.members.contains(member)
    }

    pub fn at(&self, place: usize) -> Option<&Blob> {
        self.members.get_index(place)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Blob> {
        self.members.iter()
    }

    /// Adds a member and tells whether it is new.
    pub fn add(&mut self, member: &[u8]) -> bool {
        if self.members.contains(member) {
            return false;
        }
        let member = Blob::from_slice(member);
        self.tally.add(weight(&member));
        self.members.insert(member)
    }

    pub fn remove(&mut self, member: &[u8]) -> bool {
        let Some(place) = self.members.get_index_of(member) else {
            return false;
        };
        self.remove_at(place);
        true
    }

    /// # Panics
    /// Panics if there is no such place.
    pub fn remove_at(&mut self, place: usize) -> Blob {
        let member = self.members.swap_remove_index(place).expect("a place in the set");
        self.tally.take(weight(&member));
        member
    }
}
