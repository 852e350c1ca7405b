//! Members in the order of their scores, where each has a rank.
//!
//! Blocks of a few hundred in a row: to find, insert and remove takes logarithmic time and a short move, and a rank is
//! counted a block at a time. Simpler than a tree that counts, and closer together in memory.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::Blob;

/// A block that is longer is cut in two.
const BLOCK: usize = 512;

/// A member and its score.
#[derive(Debug, Clone)]
pub struct Scored {
    pub score: f64,
    pub member: Blob,
}

impl Scored {
    /// Compares with a score and a member: members break the tie.
    pub fn compare(&self, score: f64, member: &[u8]) -> Ordering {
        self.score.total_cmp(&score).then_with(|| self.member[..].cmp(member))
    }
}

/// Members in order.
#[derive(Debug, Clone, Default)]
pub struct Ranked {
    /// None of them is empty.
    blocks: Vec<VecDeque<Scored>>,
}

impl Ranked {
    pub fn insert(&mut self, score: f64, member: Blob) {
        let (mut block, mut place) = self.find(|other| other.compare(score, &member).is_lt());
        if block == self.blocks.len() {
            match block.checked_sub(1) {
                // Behind all others: at the end of the last block.
                Some(last) => (block, place) = (last, self.blocks[last].len()),
                None => self.blocks.push(VecDeque::new()),
            }
        }
        self.blocks[block].insert(place, Scored { score, member });
        if self.blocks[block].len() > BLOCK {
            let rest = self.blocks[block].split_off(BLOCK / 2);
            self.blocks.insert(block + 1, rest);
        }
    }

    pub fn remove(&mut self, score: f64, member: &[u8]) {
        let (block, place) = self.find(|other| other.compare(score, member).is_lt());
        let Some(items) = self.blocks.get_mut(block) else {
            return;
        };
        items.remove(place);
        if items.is_empty() {
            self.blocks.remove(block);
        }
    }

    /// How many members at the front fulfil `is_before`, which none may do behind one that does not.
    pub fn count_while(&self, is_before: impl Fn(&Scored) -> bool) -> usize {
        let (block, place) = self.find(is_before);
        self.blocks[..block].iter().map(VecDeque::len).sum::<usize>() + place
    }

    /// The members from a rank on.
    pub fn forwards(&self, rank: usize) -> impl Iterator<Item = &Scored> {
        let (block, place) = self.locate(rank);
        let first = self
            .blocks
            .get(block)
            .into_iter()
            .flat_map(move |block| block.range(place..));
        first.chain(self.blocks.iter().skip(block + 1).flatten())
    }

    /// The members from a rank on, backwards.
    pub fn backwards(&self, rank: usize) -> impl Iterator<Item = &Scored> {
        let (block, place) = self.locate(rank);
        let first = self.blocks.get(block).into_iter();
        let first = first.flat_map(move |block| block.range(..=place).rev());
        let rest = self.blocks[..block.min(self.blocks.len())].iter().rev();
        first.chain(rest.flat_map(|block| block.iter().rev()))
    }

    fn locate(&self, mut rank: usize) -> (usize, usize) {
        for (number, block) in self.blocks.iter().enumerate() {
            if rank < block.len() {
                return (number, rank);
            }
            rank -= block.len();
        }
        (self.blocks.len(), 0)
    }

    /// The block and the place in it of the first that does not fulfil `is_before`.
    fn find(&self, is_before: impl Fn(&Scored) -> bool) -> (usize, usize) {
        let block = self
            .blocks
            .partition_point(|block| block.back().is_some_and(&is_before));
        let place = self
            .blocks
            .get(block)
            .map_or(0, |block| block.partition_point(&is_before));
        (block, place)
    }
}
