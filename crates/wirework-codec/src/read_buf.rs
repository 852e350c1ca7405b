//! Bytes that were read and not yet decoded.
//!
//! Three kinds of decoders want them in three forms: in place, to borrow from; shared, to cut owned frames off without a copy;
//! and in a [`BytesMut`], as the ecosystem has it. This keeps them in the form that was asked for last.

mod lent;

use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::Span;
use crate::block::{Block, MIN_BLOCK};
use lent::{Form, Lent};

/// Blocks to read into grow up to this size while reads fill them.
const MAX_READ: usize = 256 * 1024;

/// Up to this many bytes, or a quarter of a block, are moved out of it to let it go while waiting for more.
const SMALL: usize = 2 * 1024;

/// Owned frames up to this many bytes are copies. To allocate and copy so little, and to free it, costs less than to count up and
/// down who shares memory, which takes two locked instructions; and it keeps nothing else alive.
const COPIED: usize = 256;

/// What a [`Deframer`](crate::Deframer) has read and its decoder has not decoded.
///
/// Only a decoder that overrides [`decode_from`](crate::Decoder::decode_from) sees it.
#[derive(Debug)]
pub struct ReadBuf {
    memory: Memory,
    /// How many bytes were read in all.
    read: u64,
    /// How often the smallest block was doubled to get the size to read into.
    read_class: u8,
}

/// Where the bytes are.
#[derive(Debug)]
enum Memory {
    /// By themselves: a connection waits for more, and has none, or a few.
    Aside(Box<[u8]>),
    /// In a block, or whatever it has become.
    Lent { lent: Box<Lent>, undecoded: Range<usize> },
}

/// A frame that has no meaning.
pub(crate) struct Unparsed<E> {
    pub(crate) source: E,
    /// Where in the stream the frame starts.
    pub(crate) offset: u64,
    /// The bytes behind the frame.
    pub(crate) unread: Bytes,
}

impl ReadBuf {
    /// An empty buffer, which holds no memory.
    pub(crate) fn new() -> Self {
        Self {
            memory: Memory::Aside(Box::default()),
            read: 0,
            read_class: 0,
        }
    }

    /// How many bytes are undecoded.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        match &self.memory {
            Memory::Aside(aside) => aside.len(),
            Memory::Lent { lent, undecoded } => lent.gathered.len() + (undecoded.end - undecoded.start),
        }
    }

    /// Whether all bytes are decoded.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The undecoded bytes.
    #[inline]
    pub fn bytes(&mut self) -> &[u8] {
        let (lent, undecoded) = self.lent();
        match lent.form {
            Form::InPlace => &lent.block[undecoded.clone()],
            Form::Frozen => &lent.frozen[undecoded.clone()],
            Form::Gathered => {
                if undecoded.start < undecoded.end {
                    lent.gather(mem::take(undecoded));
                }
                &lent.gathered
            }
        }
    }

    /// As [`bytes`](Self::bytes), if they are in place.
    #[inline]
    pub(crate) fn bytes_in_place(&self) -> Option<&[u8]> {
        match &self.memory {
            Memory::Lent { lent, undecoded } if lent.form == Form::InPlace => Some(&lent.block[undecoded.clone()]),
            _ => None,
        }
    }

    /// The undecoded bytes, to be changed in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let is_in_place = matches!(&self.memory, Memory::Lent { lent, .. } if lent.form == Form::InPlace);
        if !is_in_place {
            self.settle();
        }
        let (lent, undecoded) = self.lent();
        &mut lent.block[undecoded.clone()]
    }

    /// The undecoded bytes, as a decoder takes them that knows of [`BytesMut`] only.
    pub fn gathered(&mut self) -> &mut BytesMut {
        let (lent, undecoded) = self.lent();
        lent.gather(mem::take(undecoded));
        &mut lent.gathered
    }

    /// Drops the first `count` bytes: they are decoded.
    ///
    /// # Panics
    /// Panics when there are fewer.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "no more bytes are decoded than were read");
        let (lent, undecoded) = self.lent();
        if lent.form == Form::Gathered {
            lent.gather(mem::take(undecoded));
            lent.gathered.advance(count);
        } else {
            undecoded.start += count;
        }
    }

    /// Takes a frame off the front: as a copy if it is of up to 256 bytes, or up to 2 KiB with nothing behind it, or so short that it
    /// would keep more than 1024 times its length alive; else as a part of the memory that it was read into.
    ///
    /// # Panics
    /// Panics when there are fewer bytes than the frame takes.
    pub fn take(&mut self, span: &Span) -> Bytes {
        let payload = span.payload();
        if is_copied(payload.len()) {
            let frame = Bytes::copy_from_slice(&self.bytes()[payload]);
            self.advance(span.len());
            return frame;
        }
        let is_last = span.len() == self.len();
        let (lent, undecoded) = self.lent();
        if lent.form == Form::Gathered {
            lent.gather(mem::take(undecoded));
            return lent.take_gathered(span);
        }
        let start = undecoded.start;
        self.advance(span.len());
        let (lent, undecoded) = self.lent();
        let frame = lent.take(start + payload.start..start + payload.end, is_last);
        if is_last {
            *undecoded = 0..0;
        }
        frame
    }

    /// Gives the bytes of a located frame to `parse`, and drops the frame. If that fails, drops all the rest as well.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, which goes through memory otherwise"
    )]
    pub(crate) fn take_in_place<'a, T, E>(
        &'a mut self,
        span: &Span,
        parse: impl FnOnce(&'a mut [u8]) -> Result<T, E>,
    ) -> Result<T, Unparsed<E>> {
        let read = self.read;
        let (lent, undecoded) = self.lent();
        let (frame, rest) = lent.block[undecoded.clone()].split_at_mut(span.len());
        undecoded.start += span.len();
        parse(&mut frame[span.payload()]).map_err(|source| {
            undecoded.start = undecoded.end;
            let unread = Bytes::copy_from_slice(rest);
            let offset = read - (span.len() + unread.len()) as u64;
            Unparsed { source, offset, unread }
        })
    }

    /// Where in the stream the undecoded bytes start.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.read.saturating_sub(self.len() as u64)
    }

    /// How much memory is held, in bytes.
    pub(crate) fn memory(&self) -> usize {
        match &self.memory {
            Memory::Aside(aside) => aside.len(),
            Memory::Lent { lent, .. } => lent.memory(),
        }
    }

    /// Memory to read more bytes into; never empty.
    #[inline]
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if !self.is_lent() {
            self.lend();
        }
        let size = self.read_size();
        match &mut self.memory {
            // The most frequent way: nothing is left of what was read before.
            Memory::Lent { lent, undecoded } if lent.is_free(undecoded, size) => *undecoded = 0..0,
            _ => self.make_room(),
        }
        let (lent, undecoded) = self.lent();
        &mut lent.block[undecoded.end..]
    }

    /// Makes room for more bytes.
    #[inline(never)]
    fn make_room(&mut self) {
        let len = self.len();
        let form = self.lent().0.form;
        if form == Form::Frozen || (form == Form::Gathered && len <= SMALL) {
            self.settle();
        }
        let size = self.read_size();
        let (lent, undecoded) = self.lent();
        if undecoded.start == undecoded.end {
            *undecoded = 0..0;
            if lent.block.len() < size {
                lent.block = Block::with_len(size);
            }
        } else if lent.block.len() - undecoded.end <= lent.block.len() / 2 {
            *undecoded = lent.make_room(undecoded.clone(), size);
        }
    }

    /// Takes the first `count` bytes of [`spare`](Self::spare) for read.
    #[inline]
    pub(crate) fn filled(&mut self, count: usize) {
        let size = self.read_size();
        let (lent, undecoded) = self.lent();
        let room = lent.block.len() - undecoded.end;
        assert!(count <= room, "{count} bytes cannot have been read into {room}");
        undecoded.end += count;
        if count == room {
            self.read_class = class_of((lent.block.len() * 2).min(MAX_READ));
        } else if undecoded.end < size / 4 {
            // By all there is: this read may have brought but the end of a long frame.
            self.read_class = self.read_class.saturating_sub(1);
        }
        self.read += count as u64;
    }

    /// Appends a copy of `bytes`.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let spare = self.spare();
            let count = spare.len().min(bytes.len());
            spare[..count].copy_from_slice(&bytes[..count]);
            self.filled(count);
            bytes = &bytes[count..];
        }
    }

    /// Gives back what was lent, unless there is so much in it that to copy it would cost more. What there is is kept aside.
    #[inline]
    pub(crate) fn release(&mut self) {
        if !self.is_lent() {
            return;
        }
        let aside = match self.len() {
            0 => Box::default(),
            len if len <= SMALL.max(self.memory() / 4) => self.bytes().into(),
            _ => return,
        };
        if let Memory::Lent { lent, .. } = mem::replace(&mut self.memory, Memory::Aside(aside)) {
            lent.put_away();
        }
    }

    /// All undecoded bytes, which count as decoded then.
    pub(crate) fn take_all(&mut self) -> Bytes {
        mem::take(self.gathered()).freeze()
    }

    /// Whether there is a block, or whatever it has become.
    #[inline]
    pub(crate) fn is_lent(&self) -> bool {
        matches!(self.memory, Memory::Lent { .. })
    }

    /// The frame found last, from the first undecoded byte.
    #[inline]
    pub(crate) fn located(&mut self) -> &mut Span {
        &mut self.lent().0.located
    }

    /// What is lent, and which bytes of it are undecoded.
    #[inline]
    fn lent(&mut self) -> (&mut Lent, &mut Range<usize>) {
        if !self.is_lent() {
            self.lend();
        }
        match &mut self.memory {
            Memory::Lent { lent, undecoded } => (lent, undecoded),
            Memory::Aside(_) => unreachable!("it was just lent"),
        }
    }

    /// Brings what was put aside into a block.
    #[cold]
    #[inline(never)]
    fn lend(&mut self) {
        if let Memory::Aside(aside) = &mut self.memory {
            let aside = mem::take(aside);
            let mut lent = Lent::from_pool();
            let undecoded = match aside.len() {
                0 => 0..0,
                _ => lent.copy_in(&aside, &[], MIN_BLOCK << self.read_class),
            };
            self.memory = Memory::Lent { lent, undecoded };
        }
    }

    /// Brings the undecoded bytes into the block.
    #[cold]
    #[inline(never)]
    fn settle(&mut self) {
        let size = self.read_size();
        let (lent, undecoded) = self.lent();
        *undecoded = lent.settle(undecoded.clone(), size);
    }

    /// How large a block to read into, in bytes.
    #[inline]
    fn read_size(&self) -> usize {
        MIN_BLOCK << self.read_class
    }
}

/// How often the smallest block is doubled to get one of `size` bytes.
fn class_of(size: usize) -> u8 {
    (size / MIN_BLOCK).max(1).ilog2().to_le_bytes()[0]
}

/// Whether an owned frame of that length is a copy, whatever is around it.
#[inline]
pub(crate) fn is_copied(len: usize) -> bool {
    len <= COPIED
}

/// Splits a frame off the front of `src`.
pub(crate) fn split(src: &mut BytesMut, span: &Span) -> Bytes {
    let mut frame = src.split_to(span.len());
    frame.truncate(span.payload().end);
    frame.advance(span.payload().start);
    frame.freeze()
}
