//! One database: keys, their values, and when these end.
//!
//! Every change goes through here, so that what all of them have in common happens in one place: the end of keys, the count of
//! bytes, collections that become empty, and those who watch a key or wait for one.

use std::collections::BTreeSet;

use ahash::RandomState;
use indexmap::IndexMap;

use super::interest::Interest;
use super::value::{Collection, Text, Value};
use super::{Blob, blob};
use crate::fault::Fault;

/// The deadline of a key that stays.
pub const NEVER: u64 = u64::MAX;

/// A value, and when it ends.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    /// The last millisecond in which it is there, since 1970; [`NEVER`] if it stays. So a key lasts up to a millisecond longer
    /// than was asked for, and never shorter, as in Redis.
    pub deadline: u64,
}

impl Entry {
    #[inline]
    fn is_over(&self, now: u64) -> bool {
        self.deadline < now
    }
}

/// A database.
#[derive(Debug)]
pub struct Db {
    /// Milliseconds since 1970, for the running command.
    now: u64,
    /// They lie in a row, so a cursor or a random choice is a place in it.
    entries: IndexMap<Blob, Entry, RandomState>,
    /// The keys that end, those that end first in front.
    deadlines: BTreeSet<(u64, Blob)>,
    weight: usize,
    pub(super) interest: Interest,
    expired: u64,
}

/// What a key takes beside what its name and its value hold elsewhere. The hash and the place in the table are a word each.
const OVERHEAD: usize = size_of::<Blob>() + size_of::<Entry>() + 2 * size_of::<usize>();

impl Db {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            now: 0,
            entries: IndexMap::with_hasher(seed),
            deadlines: BTreeSet::new(),
            weight: 0,
            interest: Interest::default(),
            expired: 0,
        }
    }

    #[inline]
    pub(super) fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// Milliseconds since 1970, for the running command.
    #[inline]
    pub fn now(&self) -> u64 {
        self.now
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many keys end.
    pub fn ending(&self) -> usize {
        self.deadlines.len()
    }

    /// How many keys have ended.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// How many bytes the keys and values take, about.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// How many bytes this key and its value take, about.
    pub fn weight_of(&mut self, key: &[u8]) -> Option<usize> {
        let place = self.find(key)?;
        let (key, entry) = self.entries.get_index(place)?;
        Some(OVERHEAD + blob::heap(key) + entry.value.heap())
    }

    /// The place of a key. One whose time is over is removed instead.
    #[inline]
    fn find(&mut self, key: &[u8]) -> Option<usize> {
        let place = self.entries.get_index_of(key)?;
        if self.entries[place].is_over(self.now) {
            self.end(place);
            return None;
        }
        Some(place)
    }

    #[cold]
    fn end(&mut self, place: usize) {
        self.expired += 1;
        self.remove_at(place);
    }

    #[inline]
    pub fn get(&mut self, key: &[u8]) -> Option<&Entry> {
        let place = self.find(key)?;
        Some(&self.entries[place])
    }

    pub fn contains(&mut self, key: &[u8]) -> bool {
        self.find(key).is_some()
    }

    /// The key at a place, whether its time is over or not.
    pub fn key_at(&self, place: usize) -> Option<&Blob> {
        self.entries.get_index(place).map(|(key, _)| key)
    }

    /// The key at a place and what it holds, if its time is not over.
    pub fn at(&self, place: usize) -> Option<(&Blob, &Entry)> {
        self.entries
            .get_index(place)
            .filter(|(_, entry)| !entry.is_over(self.now))
    }

    /// All keys whose time is not over.
    pub fn iter(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter().filter(|(_, entry)| !entry.is_over(self.now))
    }

    /// The string that a key holds.
    ///
    /// # Errors
    /// Fails if it holds something else.
    #[inline]
    pub fn text(&mut self, key: &[u8]) -> Result<Option<Text<'_>>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(entry) => entry.value.as_text().ok_or(Fault::WRONG_TYPE).map(Some),
        }
    }

    /// The collection that a key holds.
    ///
    /// # Errors
    /// Fails if it holds something else.
    pub fn read<T: Collection>(&mut self, key: &[u8]) -> Result<Option<&T>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(entry) => T::of(&entry.value).ok_or(Fault::WRONG_TYPE).map(Some),
        }
    }

    /// Changes the collection that a key holds, if it holds one. If nothing is left in it, the key is gone.
    ///
    /// # Errors
    /// Fails if it holds something else.
    pub fn change<T: Collection, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<R>, Fault> {
        match self.find(key) {
            Some(place) => self.change_at(place, key, change).map(Some),
            None => Ok(None),
        }
    }

    /// As [`change`](Self::change), with a new collection if there is none.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub fn change_or_new<T: Collection, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Fault> {
        if let Some(place) = self.find(key) {
            return self.change_at(place, key, change);
        }
        let place = self.insert(key, T::new_value(self.entries.hasher()), NEVER);
        let changed = self.change_at(place, key, change)?;
        // What was not put into a new collection leaves no trace of it.
        if let Some(place) = self.entries.get_index_of(key)
            && T::of(&self.entries[place].value).is_some_and(T::is_empty)
        {
            self.take_out(place);
        }
        Ok(changed)
    }

    fn change_at<T: Collection, R>(
        &mut self,
        place: usize,
        key: &[u8],
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Fault> {
        let it = T::of_mut(&mut self.entries[place].value).ok_or(Fault::WRONG_TYPE)?;
        let (weight, changes) = (it.weight(), it.changes());
        let result = change(it);
        self.weight = self.weight - weight + it.weight();
        if it.changes() != changes {
            if it.is_empty() {
                self.remove_at(place);
            } else {
                self.interest.changed(key);
            }
        }
        Ok(result)
    }

    /// Sets what a key holds, and when it ends.
    #[inline]
    pub fn set(&mut self, key: &[u8], value: Value, deadline: u64) {
        if let Some(place) = self.entries.get_index_of(key) {
            let entry = &mut self.entries[place];
            self.weight = self.weight + value.heap() - entry.value.heap();
            entry.value = value;
            if entry.deadline != deadline {
                self.set_deadline_at(place, deadline);
            }
        } else {
            self.insert(key, value, deadline);
        }
        self.interest.changed(key);
    }

    /// Sets a string, whose end stays as it is.
    pub fn set_text(&mut self, key: &[u8], value: Value) {
        let deadline = self.deadline(key).unwrap_or(NEVER);
        self.set(key, value, deadline);
    }

    fn insert(&mut self, key: &[u8], value: Value, deadline: u64) -> usize {
        let key = Blob::from_slice(key);
        self.weight += OVERHEAD + blob::heap(&key) + value.heap();
        if deadline != NEVER {
            self.deadlines.insert((deadline, key.clone()));
        }
        self.entries.insert_full(key, Entry { value, deadline }).0
    }

    /// Removes a key and tells whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.take(key).is_some()
    }

    /// Removes a key and returns what it held.
    pub fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let place = self.find(key)?;
        self.remove_at(place)
    }

    fn remove_at(&mut self, place: usize) -> Option<Entry> {
        let (key, entry) = self.take_out(place)?;
        self.interest.changed(&key);
        Some(entry)
    }

    fn take_out(&mut self, place: usize) -> Option<(Blob, Entry)> {
        let (key, entry) = self.entries.swap_remove_index(place)?;
        self.weight -= OVERHEAD + blob::heap(&key) + entry.value.heap();
        if entry.deadline != NEVER {
            self.deadlines.remove(&(entry.deadline, key.clone()));
        }
        Some((key, entry))
    }

    /// When a key ends: [`NEVER`] if it stays, `None` if there is none.
    pub fn deadline(&mut self, key: &[u8]) -> Option<u64> {
        self.get(key).map(|entry| entry.deadline)
    }

    /// Sets when a key ends. One that ends now, or has before, is gone at once.
    pub fn set_deadline(&mut self, key: &[u8], deadline: u64) {
        let Some(place) = self.find(key) else { return };
        if deadline <= self.now {
            self.remove_at(place);
            return;
        }
        self.set_deadline_at(place, deadline);
        self.interest.changed(key);
    }

    fn set_deadline_at(&mut self, place: usize, deadline: u64) {
        let Some((key, entry)) = self.entries.get_index_mut(place) else {
            return;
        };
        let before = std::mem::replace(&mut entry.deadline, deadline);
        if before != NEVER {
            self.deadlines.remove(&(before, key.clone()));
        }
        if deadline != NEVER {
            self.deadlines.insert((deadline, key.clone()));
        }
    }

    /// When the first key ends.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Removes keys whose time is over, as long as `left` is not 0.
    pub(super) fn expire_due(&mut self, left: &mut usize) {
        while *left > 0 {
            let Some((deadline, key)) = self.deadlines.first() else {
                return;
            };
            if *deadline >= self.now {
                return;
            }
            let Some(place) = self.entries.get_index_of(key) else {
                return;
            };
            self.end(place);
            *left -= 1;
        }
    }

    /// Removes all keys.
    pub fn clear(&mut self) {
        for key in self.entries.keys() {
            self.interest.changed(key);
        }
        // New ones, so that their memory is given back.
        self.entries = IndexMap::with_hasher(self.entries.hasher().clone());
        self.deadlines = BTreeSet::new();
        self.weight = 0;
    }
}
