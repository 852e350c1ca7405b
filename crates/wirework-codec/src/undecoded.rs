//! Bytes that were read and not yet decoded, in whichever form is asked for.
//!
//! Borrowed frames want bytes that can be changed, owned ones want memory that can be shared, and decoders of the ecosystem's
//! shape want a [`BytesMut`]. Whoever asks for one of these all the time gets it without a copy.

use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::Span;
use crate::block::{Block, MIN_BLOCK};

/// Blocks to read into grow up to this size while reads fill them.
const MAX_READ: usize = 256 * 1024;

/// Up to this many bytes, or a sixteenth of a block, are moved out of it to let it go while waiting for more. A frame that
/// small is copied rather than shared if it is the only one.
const SMALL: usize = 1024;

/// A frame keeps no more than this many times its length in memory: one that is shorter is copied out of a block that long.
const PINNED: usize = 256;

/// The buffer of a [`Deframer`](crate::Deframer), as decoders see it that can share memory.
#[derive(Debug)]
pub struct Undecoded {
    /// What is read into; `block[start..end]` is undecoded.
    block: Block,
    start: usize,
    end: usize,
    /// The block after frames in it were shared: then `shared[start..end]` is undecoded, and there is no `block`.
    shared: Bytes,
    /// Undecoded bytes in front of those of `block`, for decoders that take them from there. Then nothing is shared.
    carry: BytesMut,
    /// How large a block to read into.
    read_size: usize,
}

impl Undecoded {
    pub(crate) fn new() -> Self {
        Self {
            block: Block::EMPTY,
            start: 0,
            end: 0,
            shared: Bytes::new(),
            carry: BytesMut::new(),
            read_size: MIN_BLOCK,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.carry.len() + (self.end - self.start)
    }

    /// How much memory is held, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.block.len() + self.shared.len() + self.carry.capacity()
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let spare = self.spare();
            let count = spare.len().min(bytes.len());
            spare[..count].copy_from_slice(&bytes[..count]);
            self.filled(count);
            bytes = &bytes[count..];
        }
    }

    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if !self.shared.is_empty() {
            self.unshare();
        }
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.block.len() < self.read_size {
                self.block = Block::with_len(self.read_size);
            }
        } else if self.block.len() - self.end <= self.block.len() / 2 {
            self.make_room();
        }
        &mut self.block[self.end..]
    }

    #[inline]
    pub(crate) fn filled(&mut self, count: usize) {
        let room = self.block.len() - self.end;
        assert!(count <= room, "{count} bytes cannot have been read into {room}");
        self.end += count;
        if count == room {
            self.read_size = (self.block.len() * 2).min(MAX_READ);
        } else if self.end < self.read_size / 4 {
            // By all that there is: the last read may have brought but the end of a long frame.
            self.read_size = (self.read_size / 2).max(MIN_BLOCK);
        }
    }

    /// Lets go of memory before a wait for more bytes.
    #[inline]
    pub(crate) fn release(&mut self) {
        if !self.shared.is_empty() {
            self.unshare();
        }
        let undecoded = self.start..self.end;
        if undecoded.is_empty() {
            self.block = Block::EMPTY;
            self.start = 0;
            self.end = 0;
        } else if undecoded.len() <= SMALL.max(self.block.len() / 16) && self.block.len() >= MIN_BLOCK {
            self.block = Block::copy_of(&self.block[undecoded.clone()]);
            self.start = 0;
            self.end = undecoded.len();
        }
        if self.carry.is_empty() {
            self.carry = BytesMut::new();
        } else if self.carry.len() <= SMALL || self.carry.len() <= self.carry.capacity() / 4 {
            self.carry = BytesMut::from(&self.carry[..]);
        }
    }

    /// Whether [`frames`](Self::frames) has all there is, as it mostly has.
    #[inline]
    pub(crate) fn is_in_block(&self) -> bool {
        self.shared.is_empty() && self.carry.is_empty()
    }

    /// The bytes in the block, to find frames in and to change them there.
    #[inline]
    pub(crate) fn frames(&mut self) -> &mut [u8] {
        &mut self.block[self.start..self.end]
    }

    /// Drops bytes from the front of the block, or of what is shared.
    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        self.start += len;
    }

    /// Takes `len` bytes off the front of the block, and lets go of none yet: the rest is there if they make no frame.
    #[inline]
    pub(crate) fn split_frame(&mut self, len: usize) -> (&mut [u8], Rest<'_>) {
        let (frame, rest) = self.block[self.start..self.end].split_at_mut(len);
        self.start += len;
        let rest = Rest {
            bytes: rest,
            start: &mut self.start,
            end: &self.end,
        };
        (frame, rest)
    }

    /// Moves all bytes into the block.
    #[cold]
    pub(crate) fn scatter(&mut self) {
        if !self.shared.is_empty() {
            self.unshare();
        }
        if !self.carry.is_empty() {
            let carry = mem::take(&mut self.carry);
            let rest = mem::take(&mut self.block);
            let rest = &rest[mem::take(&mut self.start)..mem::take(&mut self.end)];
            self.push(&carry);
            self.push(rest);
        }
    }

    /// Moves all bytes to where decoders take them from, and gives them.
    #[inline]
    pub(crate) fn gather(&mut self) -> &mut BytesMut {
        if self.start < self.end {
            if !self.shared.is_empty() {
                self.unshare();
            }
            self.carry.extend_from_slice(&self.block[self.start..self.end]);
            self.start = 0;
            self.end = 0;
        }
        &mut self.carry
    }

    /// The bytes, if they are where [`take_frame`](Self::take_frame) takes them from, as they are unless decoders have asked
    /// for a `BytesMut`.
    #[inline]
    pub(crate) fn shareable(&self) -> Option<&[u8]> {
        if !self.carry.is_empty() {
            None
        } else if self.shared.is_empty() {
            Some(&self.block[self.start..self.end])
        } else {
            Some(&self.shared[self.start..self.end])
        }
    }

    /// Takes a frame off the front: a part of the memory it was read into, or a copy where that costs less.
    #[inline]
    pub(crate) fn take_frame(&mut self, span: &Span) -> Bytes {
        let payload = self.start + span.payload().start..self.start + span.payload().end;
        self.start += span.len();
        if self.shared.is_empty() && !self.share(payload.len()) {
            return Bytes::copy_from_slice(&self.block[payload]);
        }
        if self.start == self.end {
            return self.take_last(payload);
        }
        if is_pinned_too_much(payload.len(), self.shared.len()) {
            return Bytes::copy_from_slice(&self.shared[payload]);
        }
        self.shared.slice(payload)
    }

    /// The last frame takes the memory with it.
    fn take_last(&mut self, payload: Range<usize>) -> Bytes {
        let mut frame = mem::take(&mut self.shared);
        self.start = 0;
        self.end = 0;
        if is_pinned_too_much(payload.len(), frame.len()) {
            return Bytes::copy_from_slice(&frame[payload]);
        }
        frame.truncate(payload.end);
        frame.advance(payload.start);
        frame
    }

    /// Makes the block one that can be shared, if that pays for a frame of `len` bytes and what comes behind it.
    fn share(&mut self, len: usize) -> bool {
        let is_only = self.start == self.end && len <= SMALL;
        if is_only || is_pinned_too_much(len, self.block.len()) {
            return false;
        }
        self.shared = Bytes::from_owner(mem::take(&mut self.block));
        true
    }

    /// Moves what is undecoded out of shared memory.
    fn unshare(&mut self) {
        let shared = mem::take(&mut self.shared);
        let undecoded = &shared[mem::take(&mut self.start)..mem::take(&mut self.end)];
        self.block = Block::with_len((undecoded.len() * 2).max(self.read_size));
        self.block[..undecoded.len()].copy_from_slice(undecoded);
        self.end = undecoded.len();
    }

    /// Moves the undecoded bytes to the front of the block, or to a longer one.
    fn make_room(&mut self) {
        let undecoded = self.start..self.end;
        if undecoded.len() < self.block.len() / 2 && self.block.len() >= self.read_size {
            self.block.copy_within(undecoded.clone(), 0);
        } else {
            // Growing by what has come, never by what a header claims, bounds what is held by what the peer sent.
            let mut longer = Block::with_len((undecoded.len() * 2).max(self.read_size));
            longer[..undecoded.len()].copy_from_slice(&self.block[undecoded.clone()]);
            self.block = longer;
        }
        self.start = 0;
        self.end = undecoded.len();
    }
}

/// What lies behind a frame.
pub(crate) struct Rest<'a> {
    bytes: &'a [u8],
    start: &'a mut usize,
    end: &'a usize,
}

impl Rest<'_> {
    /// Takes all of it.
    pub(crate) fn take(self) -> Bytes {
        *self.start = *self.end;
        Bytes::copy_from_slice(self.bytes)
    }
}

/// Whether a frame would keep too much memory for its length.
#[inline]
fn is_pinned_too_much(frame: usize, memory: usize) -> bool {
    frame * PINNED < memory
}
