//! Lists.

use std::collections::VecDeque;
use std::ops::Range;

use super::value::Tally;
use super::{Blob, blob};

/// One of the ends of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Left,
    Right,
}

/// A list of strings.
#[derive(Debug, Clone, Default)]
pub struct List {
    items: VecDeque<Blob>,
    pub(super) tally: Tally,
}

fn weight(item: &Blob) -> usize {
    size_of::<Blob>() + blob::spilled(item)
}

impl List {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn push(&mut self, end: End, item: &[u8]) {
        self.push_blob(end, Blob::from_slice(item));
    }

    pub fn push_blob(&mut self, end: End, item: Blob) {
        self.tally.add(weight(&item));
        match end {
            End::Left => self.items.push_front(item),
            End::Right => self.items.push_back(item),
        }
    }

    pub fn pop(&mut self, end: End) -> Option<Blob> {
        let item = match end {
            End::Left => self.items.pop_front(),
            End::Right => self.items.pop_back(),
        }?;
        self.tally.take(weight(&item));
        Some(item)
    }

    /// The place of an index that counts from the end where it is negative.
    pub fn place(&self, index: i64) -> Option<usize> {
        let len = i64::try_from(self.len()).ok()?;
        let place = if index < 0 { len.checked_add(index)? } else { index };
        usize::try_from(place).ok().filter(|place| *place < self.len())
    }

    pub fn get(&self, place: usize) -> Option<&Blob> {
        self.items.get(place)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Blob> + ExactSizeIterator {
        self.items.iter()
    }

    pub fn range(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = &Blob> {
        self.items.range(range)
    }

    pub fn set(&mut self, place: usize, item: &[u8]) {
        let old = std::mem::replace(&mut self.items[place], Blob::from_slice(item));
        self.tally.take(weight(&old));
        self.tally.add(weight(&self.items[place]));
    }

    pub fn insert(&mut self, place: usize, item: &[u8]) {
        let item = Blob::from_slice(item);
        self.tally.add(weight(&item));
        self.items.insert(place, item);
    }

    /// Removes up to `limit` items that are equal to `item`, from the given end on.
    pub fn remove(&mut self, item: &[u8], from: End, limit: usize) -> usize {
        let equal: Vec<_> = {
            let places = (0..self.items.len()).filter(|place| self.items[*place][..] == *item);
            match from {
                End::Left => places.take(limit).collect(),
                End::Right => places.rev().take(limit).collect(),
            }
        };
        let mut gone = vec![false; if equal.is_empty() { 0 } else { self.items.len() }];
        for place in &equal {
            self.tally.take(weight(&self.items[*place]));
            gone[*place] = true;
        }
        if !equal.is_empty() {
            let mut gone = gone.into_iter();
            self.items.retain(|_| gone.next() == Some(false));
        }
        equal.len()
    }

    /// Keeps this part alone.
    pub fn trim(&mut self, range: Range<usize>) {
        let before: usize = self.items.range(..range.start).map(weight).sum();
        let after: usize = self.items.range(range.end..).map(weight).sum();
        if range.len() < self.items.len() {
            self.tally.take(before + after);
        }
        self.items.truncate(range.end);
        self.items.drain(..range.start);
    }
}
