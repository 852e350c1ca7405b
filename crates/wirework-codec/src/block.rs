//! Memory to read into and to gather writes in, lent by a small pool that each thread keeps.
//!
//! A connection needs a buffer only while bytes are in it. Borrowing one for that time costs a few nanoseconds, so an idle
//! connection holds none, and the same few blocks, warm in the cache, serve every connection of a thread.

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};

use crate::Spares;

/// The size of the smallest block, in bytes. All sizes are this, doubled any number of times.
///
/// It holds a batch of pipelined small requests in one read and their replies in one write. As no idle connection has one,
/// and all connections of a thread share a few, smaller ones would save nothing.
pub(crate) const MIN_BLOCK: usize = 16 * 1024;

/// A thread keeps at most this many bytes of blocks of the smallest size for reuse, and as many of longer ones.
const POOL_BYTES: usize = 1024 * 1024;

/// A run of bytes, all of them initialised, that goes back to the pool of the thread that drops it.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
}

impl Block {
    /// No memory at all.
    pub(crate) const EMPTY: Self = Self { bytes: Vec::new() };

    /// A block of at least `len` bytes, whose content is unspecified.
    pub(crate) fn with_len(len: usize) -> Self {
        Self {
            bytes: take(len).into(),
        }
    }
}

/// The bytes of a block of at least `len`, whose content is unspecified: for whoever has room for no more than these. They are to be
/// [put back](put).
#[inline]
pub(crate) fn take(len: usize) -> Box<[u8]> {
    if len <= MIN_BLOCK {
        let spare = SMALLEST.try_with(Spares::take).ok().flatten();
        spare.unwrap_or_else(|| make(MIN_BLOCK))
    } else {
        take_longer(size_class(len))
    }
}

#[inline(never)]
fn take_longer(len: usize) -> Box<[u8]> {
    let spare = LONGER.try_with(|pool| pool.borrow_mut().take(len)).ok().flatten();
    spare.unwrap_or_else(|| make(len))
}

#[cold]
fn make(len: usize) -> Box<[u8]> {
    vec![0; len].into()
}

/// Gives bytes back to the pool, if they are those of a block, or frees them.
#[inline]
pub(crate) fn put(bytes: Box<[u8]>) {
    if bytes.len() == MIN_BLOCK {
        // A thread that is being taken down has no pool any more: the bytes are freed.
        let _ = SMALLEST.try_with(|spares| spares.put(bytes));
    } else {
        put_longer(bytes);
    }
}

#[inline(never)]
fn put_longer(bytes: Box<[u8]>) {
    if bytes.len() > MIN_BLOCK && bytes.len().is_power_of_two() {
        let _ = LONGER.try_with(|pool| pool.borrow_mut().put(bytes));
    }
}

/// What was [taken](take), with a [`Block`]'s manners.
impl From<Box<[u8]>> for Block {
    fn from(bytes: Box<[u8]>) -> Self {
        Self { bytes: bytes.into() }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            put(mem::take(&mut self.bytes).into());
        }
    }
}

/// The smallest size of block that holds `len` bytes.
pub(crate) fn size_class(len: usize) -> usize {
    len.max(MIN_BLOCK).next_power_of_two()
}

thread_local! {
    static SMALLEST: Spares<Box<[u8]>> = const { Spares::new(POOL_BYTES / MIN_BLOCK) };
    static LONGER: RefCell<Pool> = const { RefCell::new(Pool { blocks: Vec::new(), bytes: 0 }) };
}

/// Blocks of any sizes.
struct Pool {
    blocks: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Pool {
    /// The block used last that is of size `len`: it is the most likely one to be in the cache.
    fn take(&mut self, len: usize) -> Option<Box<[u8]>> {
        let index = self.blocks.iter().rposition(|block| block.len() == len)?;
        self.bytes -= len;
        Some(self.blocks.remove(index))
    }

    fn put(&mut self, block: Box<[u8]>) {
        if self.bytes + block.len() <= POOL_BYTES {
            self.bytes += block.len();
            self.blocks.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are kept: in the smallest blocks, and in longer ones.
    fn kept() -> (usize, usize) {
        let smallest = SMALLEST.with(Spares::len);
        (smallest * MIN_BLOCK, LONGER.with(|pool| pool.borrow().bytes))
    }

    #[test]
    fn blocks_are_reused_by_size() {
        drop(Block::with_len(1));
        assert_eq!(kept(), (MIN_BLOCK, 0));
        let small = Block::with_len(MIN_BLOCK);
        assert_eq!(kept(), (0, 0));
        let longer = [1, 2, 3].map(|times| Block::with_len(times * MIN_BLOCK + 1));
        assert_eq!(longer.each_ref().map(|block| block.len() / MIN_BLOCK), [2, 4, 4]);
        drop((small, longer));
        assert_eq!(kept(), (MIN_BLOCK, 10 * MIN_BLOCK));
        let longest = Block::with_len(4 * MIN_BLOCK);
        assert_eq!(kept(), (MIN_BLOCK, 6 * MIN_BLOCK));
        drop(longest);
        assert_eq!(kept(), (MIN_BLOCK, 10 * MIN_BLOCK));
    }

    #[test]
    fn the_pool_is_bounded() {
        for (len, all) in [(1, (POOL_BYTES, 0)), (MIN_BLOCK + 1, (POOL_BYTES, POOL_BYTES))] {
            let blocks: Vec<_> = (0..2 * POOL_BYTES / MIN_BLOCK).map(|_| Block::with_len(len)).collect();
            drop(blocks);
            assert_eq!(kept(), all);
        }
        drop(Block::with_len(2 * POOL_BYTES));
        assert_eq!(kept(), (POOL_BYTES, POOL_BYTES));
    }

    #[test]
    fn what_is_no_block_is_not_kept() {
        put(vec![0; MIN_BLOCK / 2].into());
        put(vec![0; 3 * MIN_BLOCK].into());
        put(Box::default());
        assert_eq!(kept(), (0, 0));
    }
}
