//! The memory of a [`Frame`](super::Frame), and the pool that each thread has of it.
//!
//! A frame is a pointer to it, which is all that a handler waiting for one has to have room for.

use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes};

use crate::Spares;
use crate::block::{self, Block};
use crate::copy_short::copy_short;

/// Frames up to this many bytes have room for them in themselves. To copy so little costs less than to count up and down who shares
/// memory, which takes two locked instructions; and it keeps nothing else alive.
pub(crate) const SHORT: usize = 256;

/// The size of the memory that copies beyond that are made to, in bytes, if it suffices.
const MEDIUM: usize = 2 * 1024;

/// A thread keeps at most this many slots with nothing but their own room for reuse.
pub(super) const SHORT_KEPT: usize = 64;

/// And at most this many with medium memory.
pub(super) const MEDIUM_KEPT: usize = 16;

thread_local! {
    // The box is what is lent, for a frame is but a pointer.
    static SHORT_SPARE: Spares<Box<Slot>> = const { Spares::new(SHORT_KEPT) };
    static MEDIUM_SPARE: Spares<Box<Slot>> = const { Spares::new(MEDIUM_KEPT) };
}

/// Where the bytes of a frame are.
pub(super) struct Slot {
    memory: Memory,
    /// Which bytes of the memory, unless it is shared.
    range: Range<usize>,
    room: [u8; SHORT],
}

enum Memory {
    /// The slot's room.
    Room,
    /// A block, medium memory, or any other.
    Own(Box<[u8]>),
    /// All that is shared are the frame's bytes.
    Shared(Bytes),
}

impl Slot {
    #[inline]
    pub(super) fn copied(bytes: &[u8]) -> Box<Self> {
        if bytes.len() > SHORT {
            return Self::copied_long(bytes);
        }
        let mut slot = Self::from_pool();
        copy_short(&mut slot.room[..bytes.len()], bytes);
        slot.range = 0..bytes.len();
        slot
    }

    fn copied_long(bytes: &[u8]) -> Box<Self> {
        let mut slot = if bytes.len() <= MEDIUM {
            Self::medium_from_pool()
        } else {
            Self::with_memory(Memory::Own(block::take(bytes.len())))
        };
        if let Memory::Own(memory) = &mut slot.memory {
            memory[..bytes.len()].copy_from_slice(bytes);
        }
        slot.range = 0..bytes.len();
        slot
    }

    pub(super) fn within(memory: Box<[u8]>, range: Range<usize>) -> Box<Self> {
        let mut slot = Self::with_memory(Memory::Own(memory));
        slot.range = range;
        slot
    }

    pub(super) fn shared(bytes: Bytes) -> Box<Self> {
        Self::with_memory(Memory::Shared(bytes))
    }

    fn with_memory(memory: Memory) -> Box<Self> {
        let mut slot = Self::from_pool();
        slot.memory = memory;
        slot
    }

    /// A slot with nothing but its room.
    #[inline]
    fn from_pool() -> Box<Self> {
        let spare = SHORT_SPARE.try_with(Spares::take).ok().flatten();
        spare.unwrap_or_else(Self::make)
    }

    #[inline(never)]
    fn make() -> Box<Self> {
        Box::new(Self {
            memory: Memory::Room,
            range: 0..0,
            room: [0; SHORT],
        })
    }

    fn medium_from_pool() -> Box<Self> {
        let spare = MEDIUM_SPARE.try_with(Spares::take).ok().flatten();
        spare.unwrap_or_else(|| Self::with_memory(Memory::Own(vec![0; MEDIUM].into())))
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Room => &self.room[self.range.clone()],
            Memory::Own(memory) => &memory[self.range.clone()],
            Memory::Shared(bytes) => bytes,
        }
    }

    /// Drops the first `count` bytes, which are there.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        match &mut self.memory {
            Memory::Room | Memory::Own(_) => self.range.start += count,
            Memory::Shared(bytes) => bytes.advance(count),
        }
    }

    /// Another slot with the same bytes.
    pub(super) fn to_other(&self) -> Box<Self> {
        match &self.memory {
            Memory::Room | Memory::Own(_) => Self::copied(self.bytes()),
            Memory::Shared(bytes) => Self::shared(bytes.clone()),
        }
    }

    /// The bytes, which are not the slot's any more.
    pub(super) fn take_bytes(&mut self) -> Bytes {
        match mem::replace(&mut self.memory, Memory::Room) {
            Memory::Own(memory) if memory.len() > MEDIUM => {
                let mut bytes = Bytes::from_owner(Block::from(memory));
                bytes.truncate(self.range.end);
                bytes.advance(self.range.start);
                bytes
            }
            Memory::Shared(bytes) => bytes,
            few => {
                self.memory = few;
                Bytes::copy_from_slice(self.bytes())
            }
        }
    }

    /// Gives it back to the pool of the thread.
    #[inline]
    pub(super) fn put_back(self: Box<Self>) {
        if !matches!(self.memory, Memory::Room) {
            return self.put_back_memory();
        }
        // A thread that is being taken down has no pool any more.
        let _ = SHORT_SPARE.try_with(|spares| spares.put(self));
    }

    #[inline(never)]
    fn put_back_memory(mut self: Box<Self>) {
        match &self.memory {
            Memory::Own(memory) if memory.len() == MEDIUM => {
                let _ = MEDIUM_SPARE.try_with(|spares| spares.put(self));
            }
            _ => {
                if let Memory::Own(memory) = mem::replace(&mut self.memory, Memory::Room) {
                    block::put(memory);
                }
                self.put_back();
            }
        }
    }
}

/// How many slots the thread keeps, without memory and with.
#[cfg(test)]
pub(super) fn kept() -> (usize, usize) {
    (SHORT_SPARE.with(Spares::len), MEDIUM_SPARE.with(Spares::len))
}
