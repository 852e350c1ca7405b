//! Sorted sets: members, their scores, and the order that these give them.

use ahash::RandomState;
use indexmap::IndexMap;

use super::ranked::{Ranked, Scored};
use super::value::Tally;
use super::{Blob, blob};

/// Members with a score each.
#[derive(Debug, Clone)]
pub struct SortedSet {
    scores: IndexMap<Blob, f64, RandomState>,
    order: Ranked,
    pub(super) tally: Tally,
}

fn weight(member: &Blob) -> usize {
    // A member is kept twice, with its score; the hash and the place in the table are a word each.
    2 * (size_of::<Blob>() + size_of::<f64>() + blob::spilled(member)) + 2 * size_of::<usize>()
}

impl SortedSet {
    pub(super) fn new(seed: RandomState) -> Self {
        Self {
            scores: IndexMap::with_hasher(seed),
            order: Ranked::default(),
            tally: Tally::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.scores.get(member).copied()
    }

    /// In no particular order, for cursors.
    pub fn at(&self, place: usize) -> Option<(&Blob, f64)> {
        self.scores.get_index(place).map(|(member, score)| (member, *score))
    }

    /// Sets a score and returns the one before.
    pub fn set(&mut self, member: &[u8], score: f64) -> Option<f64> {
        // There is one zero: two would come apart in the order.
        let score = score + 0.0;
        if let Some((_, known, old)) = self.scores.get_full_mut(member) {
            let before = std::mem::replace(old, score);
            if before.total_cmp(&score).is_ne() {
                let known = known.clone();
                self.order.remove(before, member);
                self.order.insert(score, known);
                self.tally.add(0);
            }
            return Some(before);
        }
        let member = Blob::from_slice(member);
        self.tally.add(weight(&member));
        self.order.insert(score, member.clone());
        self.scores.insert(member, score);
        None
    }

    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let (member, score) = self.scores.swap_remove_entry(member)?;
        self.order.remove(score, &member);
        self.tally.take(weight(&member));
        Some(score)
    }

    /// Removes the member with the lowest score, or the highest.
    pub fn pop(&mut self, highest: bool) -> Option<Scored> {
        let scored = if highest {
            self.backwards(self.len().checked_sub(1)?).next().cloned()
        } else {
            self.forwards(0).next().cloned()
        }?;
        self.remove(&scored.member);
        Some(scored)
    }

    /// How many members are before this one.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let score = self.score(member)?;
        Some(self.order.count_while(|other| other.compare(score, member).is_lt()))
    }

    /// How many members at the front fulfil `is_before`, which none may do behind one that does not.
    pub fn count_while(&self, is_before: impl Fn(&Scored) -> bool) -> usize {
        self.order.count_while(is_before)
    }

    /// The members from a rank on, in order.
    pub fn forwards(&self, rank: usize) -> impl Iterator<Item = &Scored> {
        self.order.forwards(rank)
    }

    /// The members from a rank on, backwards.
    pub fn backwards(&self, rank: usize) -> impl Iterator<Item = &Scored> {
        self.order.backwards(rank)
    }
}
