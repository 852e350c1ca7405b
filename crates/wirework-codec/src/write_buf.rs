//! Bytes on their way out: small pieces gathered into one run, large ones queued uncopied.
//!
//! Encoders append to it and connections write from it, one `writev` for all that is there.

mod mark;
#[cfg(test)]
mod tests;
mod unwritten;

use std::collections::VecDeque;
use std::fmt::Display;
use std::hint::cold_path;
use std::io;

use bytes::Bytes;

pub use self::mark::Mark;
use crate::Frame;
use crate::block::{Block, MIN_BLOCK};
use crate::copy_short::copy_short;

/// [`Frame`]s and [`Bytes`] of at least this many bytes are queued as they are; shorter ones are copied, which costs less than a slice of
/// their own in the write.
pub(crate) const UNCOPIED: usize = 4 * 1024;

/// Room for this many large pieces is kept for the next ones.
const KEPT_PIECES: usize = 64;

/// The bytes that encoders have produced and nobody has written yet.
///
/// It also is an [`io::Write`] that never fails, for serializers that want one. Its memory is borrowed from a pool of
/// the thread and returned when all bytes are written.
///
/// ```
/// use wirework_codec::WriteBuf;
///
/// let mut buf = WriteBuf::new();
/// buf.put_u16(5);
/// buf.put_slice(b"hello");
/// assert_eq!(buf.to_vec(), b"\0\x05hello");
/// buf.advance(2);
/// assert_eq!(buf.to_vec(), b"hello");
/// ```
#[derive(Debug, Default)]
pub struct WriteBuf {
    /// Small pieces; `block[start..end]` is unwritten.
    block: Block,
    start: usize,
    end: usize,
    /// How many bytes were dropped from the front of `block`. Positions that outlive such a move (those of marks and of
    /// queued pieces) count from before it.
    base: usize,
    /// Large pieces, each with the position among the small ones that it stands before.
    queue: VecDeque<(usize, Frame)>,
    /// The bytes in `queue`.
    queued: usize,
}

impl WriteBuf {
    /// An empty buffer, which holds no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            block: Block::EMPTY,
            start: 0,
            end: 0,
            base: 0,
            queue: VecDeque::new(),
            queued: 0,
        }
    }

    /// How many bytes are unwritten.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start + self.queued
    }

    /// How many bytes may be unwritten before more room is made for them.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn reach(&self) -> usize {
        self.block.len() - self.start + self.queued
    }

    /// Whether all bytes are written.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end && self.queue.is_empty()
    }

    /// Appends a copy of `bytes`.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        if end > self.block.len() {
            self.make_room(bytes.len());
            return self.put_slice(bytes);
        }
        self.block[self.end..end].copy_from_slice(bytes);
        self.end = end;
    }

    /// Appends a copy of `first` and then one of `second`, such as a header and its body: as putting one after the other, with
    /// room made once.
    #[inline]
    pub fn put_slices(&mut self, first: &[u8], second: &[u8]) {
        while !self.put_slices_in_place(first, second) {
            self.make_room(first.len() + second.len());
        }
    }

    /// As [`put_slices`](Self::put_slices), if there is room already; otherwise `false`, and nothing has happened.
    #[inline]
    pub(crate) fn put_slices_in_place(&mut self, first: &[u8], second: &[u8]) -> bool {
        let end = self.end + first.len() + second.len();
        let Some(room) = self.block.get_mut(self.end..end) else {
            return false;
        };
        let (head, tail) = room.split_at_mut(first.len());
        head.copy_from_slice(first);
        copy_short(tail, second);
        self.end = end;
        true
    }

    /// Appends `bytes`, uncopied from 4 KiB up.
    #[inline]
    pub fn put_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < UNCOPIED {
            self.put_slice(&bytes);
        } else {
            self.queue(bytes.into());
        }
    }

    /// Appends `frame`, uncopied from 4 KiB up.
    #[inline]
    pub fn put_frame(&mut self, frame: Frame) {
        if frame.len() < UNCOPIED {
            self.put_slice(&frame);
        } else {
            self.queue(frame);
        }
    }

    fn queue(&mut self, piece: Frame) {
        self.queued += piece.len();
        self.queue.push_back((self.base + self.end, piece));
    }

    /// Appends one byte.
    #[inline]
    pub fn put_u8(&mut self, value: u8) {
        self.put_slice(&[value]);
    }

    /// Appends two bytes, the most significant first.
    #[inline]
    pub fn put_u16(&mut self, value: u16) {
        self.put_slice(&value.to_be_bytes());
    }

    /// Appends four bytes, the most significant first.
    #[inline]
    pub fn put_u32(&mut self, value: u32) {
        self.put_slice(&value.to_be_bytes());
    }

    /// Appends eight bytes, the most significant first.
    #[inline]
    pub fn put_u64(&mut self, value: u64) {
        self.put_slice(&value.to_be_bytes());
    }

    /// Appends `value` as text, such as a number in decimal, without a `String` in between.
    ///
    /// # Panics
    /// Panics if the implementation of [`Display`] fails, as [`to_string`](ToString::to_string) does.
    pub fn put_display(&mut self, value: impl Display) {
        io::Write::write_fmt(self, format_args!("{value}")).expect("the buffer takes all bytes");
    }

    /// Appends `count` zeros, to be [patched](Self::patch) later.
    #[inline]
    pub fn put_zeros(&mut self, count: usize) {
        let end = self.end + count;
        if end > self.block.len() {
            self.make_room(count);
            return self.put_zeros(count);
        }
        self.block[self.end..end].fill(0);
        self.end = end;
    }

    /// Gives memory back that is more than most have a use for.
    #[doc(hidden)]
    #[inline]
    pub fn trim(&mut self) {
        if self.block.len() != MIN_BLOCK {
            cold_path();
            self.block = Block::EMPTY;
        }
        if self.queue.capacity() > KEPT_PIECES {
            cold_path();
            self.queue = VecDeque::new();
        }
    }

    /// Drops all bytes.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.queued = 0;
        self.release();
    }

    fn release(&mut self) {
        self.block = Block::EMPTY;
        self.start = 0;
        self.end = 0;
        self.base = 0;
    }

    /// Makes room for `additional` bytes, by moving the unwritten ones to the front of the block or into a longer one.
    #[cold]
    fn make_room(&mut self, additional: usize) {
        let unwritten = self.start..self.end;
        let needed = unwritten.len() + additional;
        if needed <= self.block.len() / 2 {
            self.block.copy_within(unwritten.clone(), 0);
        } else {
            let mut longer = Block::with_len(needed.max(self.block.len() + 1));
            longer[..unwritten.len()].copy_from_slice(&self.block[unwritten.clone()]);
            self.block = longer;
        }
        self.base += unwritten.start;
        self.end = unwritten.len();
        self.start = 0;
    }
}

impl io::Write for WriteBuf {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put_slice(bytes);
        Ok(())
    }

    /// Does nothing: whoever owns the connection decides when bytes leave.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
