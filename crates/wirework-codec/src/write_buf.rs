//! Bytes on their way out: small pieces gathered into one run, large ones queued uncopied.
//!
//! Encoders append to it and connections write from it, one `writev` for all that is there.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, IoSlice};

use bytes::Bytes;

use crate::block::{Block, MIN_BLOCK};

/// [`Bytes`] of at least this many bytes are queued as they are; shorter ones are copied, which costs less than a slice of
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
    queue: VecDeque<(usize, Bytes)>,
    /// The bytes in `queue`.
    queued: usize,
}

/// A place in a [`WriteBuf`] to come back to; see [`WriteBuf::mark`].
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    position: usize,
    pieces: usize,
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
        if let Some(room) = self.block.get_mut(self.end..)
            && let Some((head, rest)) = room.split_at_mut_checked(first.len())
            && let Some(tail) = rest.get_mut(..second.len())
        {
            head.copy_from_slice(first);
            tail.copy_from_slice(second);
            self.end += first.len() + second.len();
            return;
        }
        self.make_room(first.len() + second.len());
        self.put_slices(first, second);
    }

    /// Appends `bytes`, uncopied from 4 KiB up.
    #[inline]
    pub fn put_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < UNCOPIED {
            self.put_slice(&bytes);
        } else {
            self.queue_bytes(bytes);
        }
    }

    fn queue_bytes(&mut self, bytes: Bytes) {
        self.queued += bytes.len();
        self.queue.push_back((self.base + self.end, bytes));
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

    /// Where the buffer ends now, to [`roll_back`](Self::roll_back) to or to [`patch`](Self::patch) at.
    #[must_use]
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            position: self.base + self.end,
            pieces: self.queue.len(),
            queued: self.queued,
        }
    }

    /// How many bytes were appended since `mark`.
    #[must_use]
    pub fn since(&self, mark: Mark) -> usize {
        (self.base + self.end - mark.position) + (self.queued - mark.queued)
    }

    /// Takes back all that was appended since `mark`, which must be of this buffer, with nothing written since.
    pub fn roll_back(&mut self, mark: Mark) {
        self.end = mark.position - self.base;
        self.queue.truncate(mark.pieces);
        self.queued = mark.queued;
        if self.is_empty() {
            // Not as when all is written: the mark can still be used.
            self.base += self.end;
            self.block = Block::EMPTY;
            self.start = 0;
            self.end = 0;
        }
    }

    /// Overwrites the bytes appended right after `mark`: a length that is known only once the body is encoded.
    ///
    /// # Panics
    /// Panics when fewer bytes than that were appended by copying since `mark`.
    #[inline]
    pub fn patch(&mut self, mark: Mark, bytes: &[u8]) {
        self.patch_at(mark, 0, bytes);
    }

    /// As [`patch`](Self::patch), `offset` bytes after `mark`.
    ///
    /// # Panics
    /// Panics when fewer bytes than that were appended by copying since `mark`.
    #[inline]
    pub fn patch_at(&mut self, mark: Mark, offset: usize, bytes: &[u8]) {
        let start = mark.position - self.base + offset;
        let end = start + bytes.len();
        assert!(end <= self.end, "patch goes beyond what was appended since the mark");
        self.block[start..end].copy_from_slice(bytes);
    }

    /// The bytes appended by copying since `mark`; what was queued uncopied is not among them.
    #[must_use]
    pub fn copied(&self, mark: Mark) -> &[u8] {
        &self.block[mark.position - self.base..self.end]
    }

    /// As [`copied`](Self::copied), to change them in place: to escape a body, for instance.
    #[must_use]
    pub fn copied_mut(&mut self, mark: Mark) -> &mut [u8] {
        &mut self.block[mark.position - self.base..self.end]
    }

    /// Puts `bytes` right after `mark`, before what was appended by copying since: a header whose own length depends on the
    /// body's.
    pub fn insert(&mut self, mark: Mark, bytes: &[u8]) {
        self.put_zeros(bytes.len());
        let copied = self.copied_mut(mark);
        let body = copied.len() - bytes.len();
        copied.copy_within(..body, bytes.len());
        copied[..bytes.len()].copy_from_slice(bytes);
        for (position, _) in self.queue.range_mut(mark.pieces..) {
            *position += bytes.len();
        }
    }

    /// Fills `slices` with unwritten bytes from the front and returns how many slices that took.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let room = slices.len();
        let mut filled = 0;
        let mut at = self.start;
        let mut put = |bytes: &'a [u8]| {
            if !bytes.is_empty() && filled < room {
                slices[filled] = IoSlice::new(bytes);
                filled += 1;
            }
        };
        // Every piece takes at most two slices, so no more pieces than that are worth a look.
        for (position, bytes) in self.queue.iter().take(room) {
            let offset = position - self.base;
            put(&self.block[at..offset]);
            put(bytes);
            at = offset;
        }
        if self.queue.len() < room {
            put(&self.block[at..self.end]);
        }
        filled
    }

    /// The first unwritten bytes that lie in one piece; empty only when the buffer is.
    #[must_use]
    pub fn chunk(&self) -> &[u8] {
        match self.queue.front() {
            Some((position, bytes)) if *position == self.base + self.start => bytes,
            Some((position, _)) => &self.block[self.start..position - self.base],
            None => &self.block[self.start..self.end],
        }
    }

    /// Whether all unwritten bytes lie in one piece.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        self.queue.is_empty() || (self.queue.len() == 1 && self.start == self.end)
    }

    /// Drops `count` bytes from the front: they are written.
    ///
    /// # Panics
    /// Panics when there are fewer.
    pub fn advance(&mut self, count: usize) {
        self.advance_keeping(count);
        if self.is_empty() {
            self.release();
        }
    }

    /// As [`advance`](Self::advance), and keeps the memory for whoever appends next.
    #[doc(hidden)]
    pub fn advance_keeping(&mut self, mut count: usize) {
        assert!(count <= self.len(), "cannot advance by {count} bytes of {}", self.len());
        while let Some((position, bytes)) = self.queue.front_mut() {
            let copied = (*position - self.base - self.start).min(count);
            self.start += copied;
            count -= copied;
            if self.base + self.start < *position {
                return;
            }
            if count < bytes.len() {
                self.queued -= count;
                bytes::Buf::advance(bytes, count);
                return;
            }
            count -= bytes.len();
            self.queued -= bytes.len();
            self.queue.pop_front();
        }
        self.start += count;
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
            self.base = 0;
        }
    }

    /// Gives memory back that is more than most have a use for.
    #[doc(hidden)]
    pub fn trim(&mut self) {
        if self.block.len() != MIN_BLOCK {
            self.block = Block::EMPTY;
        }
        if self.queue.capacity() > KEPT_PIECES {
            self.queue = VecDeque::new();
        }
    }

    /// Drops all bytes.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.queued = 0;
        self.release();
    }

    /// The unwritten bytes, copied into one run.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        let mut at = self.start;
        for (position, bytes) in &self.queue {
            let offset = position - self.base;
            all.extend_from_slice(&self.block[at..offset]);
            all.extend_from_slice(bytes);
            at = offset;
        }
        all.extend_from_slice(&self.block[at..self.end]);
        all
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_needs_no_string() {
        let mut buf = WriteBuf::new();
        buf.put_slice(b"VALUE ");
        buf.put_display(-7);
        assert_eq!(buf.to_vec(), b"VALUE -7");
    }

    fn large(byte: u8) -> Bytes {
        Bytes::from(vec![byte; UNCOPIED])
    }

    /// Small and large pieces in turn, and the bytes they should come out as.
    fn mixed() -> (WriteBuf, Vec<u8>) {
        let mut buf = WriteBuf::new();
        buf.put_slice(b"head");
        buf.put_bytes(large(b'a'));
        buf.put_bytes(large(b'b'));
        buf.put_slice(b"mid");
        buf.put_bytes(large(b'c'));
        let expected = [&b"head"[..], &large(b'a'), &large(b'b'), b"mid", &large(b'c')].concat();
        (buf, expected)
    }

    #[test]
    fn pieces_come_out_in_order_at_every_advance() {
        let (_, expected) = mixed();
        for count in 0..=expected.len() {
            let (mut buf, _) = mixed();
            buf.advance(count);
            assert_eq!(buf.len(), expected.len() - count);
            assert_eq!(buf.to_vec(), expected[count..], "advanced by {count}");
            assert!(expected[count..].starts_with(buf.chunk()));
            assert_eq!(buf.is_empty(), count == expected.len());
        }
    }

    #[test]
    fn slices_cover_what_fits() {
        let (buf, expected) = mixed();
        for room in 0..8 {
            let mut slices = vec![IoSlice::new(&[]); room];
            let filled = buf.io_slices(&mut slices);
            assert_eq!(filled, room.min(5));
            let gathered: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
            assert!(expected.starts_with(&gathered));
        }
    }

    #[test]
    fn large_bytes_are_not_copied() {
        let bytes = large(b'x');
        let mut buf = WriteBuf::new();
        buf.put_bytes(bytes.clone());
        assert_eq!(buf.chunk().as_ptr(), bytes.as_ptr());
        assert!(buf.is_contiguous());
    }

    #[test]
    fn rolling_back_leaves_no_partial_bytes() {
        let (mut buf, expected) = mixed();
        let mark = buf.mark();
        buf.put_slice(&vec![1; 100_000]);
        buf.put_bytes(large(b'z'));
        assert_eq!(buf.since(mark), 100_000 + UNCOPIED);
        buf.roll_back(mark);
        assert_eq!(buf.to_vec(), expected);
        buf.put_slice(b"tail");
        assert_eq!(buf.to_vec(), [&expected[..], b"tail"].concat());
    }

    #[test]
    fn a_mark_outlives_a_move_to_a_longer_block() {
        let mut buf = WriteBuf::new();
        buf.put_slice(b"written");
        buf.put_slice(b"unwritten");
        buf.advance(7);
        let mark = buf.mark();
        buf.put_u32(0);
        buf.put_slice(&vec![7; 20_000]);
        buf.patch(mark, &20_000u32.to_be_bytes());
        let all = buf.to_vec();
        assert_eq!(all[..13], *b"unwritten\0\0\x4e\x20");
        assert_eq!(all.len(), 13 + 20_000);
    }

    #[test]
    fn a_backlog_that_never_empties_does_not_grow_the_block() {
        let mut buf = WriteBuf::new();
        buf.put_slice(&[0; 100]);
        for _ in 0..100_000 {
            buf.put_slice(&[1; 100]);
            buf.advance(100);
        }
        assert_eq!(buf.block.len(), crate::block::MIN_BLOCK);
    }

    #[test]
    fn an_empty_buffer_holds_no_memory() {
        let (mut buf, expected) = mixed();
        buf.advance(expected.len());
        assert!(buf.block.is_empty());
        buf.put_slice(b"more");
        buf.clear();
        assert!(buf.block.is_empty() && buf.is_empty());
    }

    #[test]
    fn rolling_back_to_nothing_holds_no_memory() {
        let mut buf = WriteBuf::new();
        buf.put_slice(b"written");
        buf.put_slice(b"unwritten");
        buf.advance(16);
        let mark = buf.mark();
        for _ in 0..2 {
            buf.put_slice(&vec![1; 100_000]);
            buf.roll_back(mark);
            assert!(buf.block.is_empty() && buf.is_empty());
        }
        buf.put_slice(b"    tail");
        buf.patch(mark, b"more");
        assert_eq!(buf.to_vec(), b"moretail");
    }
}
