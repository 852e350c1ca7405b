//! Bytes that were read and not yet decoded.
//!
//! Three kinds of decoders want them in three forms: in place, to borrow from; shared, to cut owned frames off without a copy;
//! and in a [`BytesMut`], as the ecosystem has it. This keeps them in the form that was asked for last.

mod lent;

use std::hint::cold_path;
use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::block::{self, Block, MIN_BLOCK};
use crate::frame::SHORT;
use crate::{DecodeError, Fault, Frame, Span};
use lent::{Form, Lent};

/// Blocks to read into grow up to this size while reads fill them.
const MAX_READ: usize = 256 * 1024;

/// Up to this many bytes, or a quarter of a block, are moved out of it to let it go while waiting for more.
const SMALL: usize = 2 * 1024;

/// A frame keeps at most this many times its own length alive; where it would be more, it is copied.
const PINNED: usize = 1024;

/// What a [`Deframer`](crate::Deframer) has read and its decoder has not decoded.
///
/// Only a decoder that overrides [`decode_from`](crate::Decoder::decode_from) sees it.
#[derive(Debug)]
pub struct ReadBuf {
    /// What is read into: a [`Block`], or while a connection waits just the bytes that it has, if any. Where frames are looked for
    /// without a detour, so nothing in it is `undecoded` that is not in place.
    block: Box<[u8]>,
    /// Which bytes of the block are undecoded; of what is frozen, if it is.
    undecoded: Range<usize>,
    /// What few connections have a use for, and none that waits.
    lent: Option<Box<Lent>>,
    /// How many bytes were read in all.
    read: u64,
    /// How many bytes may be undecoded while a frame is not complete. Watched by the deframer, and here because it fits in.
    pub(crate) max: u32,
    /// How often the smallest block was doubled to get the size to read into.
    read_class: u8,
    /// Whether more bytes will come.
    pub(crate) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// No more bytes will come.
    Ended,
    /// No more frames will come, and no bytes are undecoded: whoever looks for a frame finds none.
    Done,
}

impl ReadBuf {
    /// An empty buffer, which holds no memory.
    pub(crate) fn new() -> Self {
        Self {
            block: Box::default(),
            undecoded: 0..0,
            lent: None,
            read: 0,
            max: u32::MAX,
            read_class: 0,
            state: State::Open,
        }
    }

    /// How many bytes are undecoded.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        let gathered = self.lent.as_ref().map_or(0, |lent| lent.gathered.len());
        gathered + (self.undecoded.end - self.undecoded.start)
    }

    /// Whether all bytes are decoded.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The undecoded bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.lent {
            Some(lent) if lent.form == Form::Frozen => &lent.frozen[self.undecoded.clone()],
            Some(lent) if lent.form == Form::Gathered => &lent.gathered,
            _ => &self.block[self.undecoded.clone()],
        }
    }

    /// Whether the undecoded bytes lie where they were read to.
    #[inline]
    pub(crate) fn is_in_place(&self) -> bool {
        self.form() == Form::InPlace
    }

    /// As [`bytes`](Self::bytes), if they are in place; otherwise `None`, or no bytes.
    #[inline]
    pub(crate) fn bytes_in_place(&self) -> Option<&[u8]> {
        // If they are frozen, there is no block; if they are gathered, none of the block is undecoded.
        self.block.get(self.undecoded.clone())
    }

    /// The undecoded bytes, to be changed in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if !self.is_in_place() {
            self.settle();
        }
        &mut self.block[self.undecoded.clone()]
    }

    /// The undecoded bytes, as a decoder takes them that knows of [`BytesMut`] only.
    pub fn gathered(&mut self) -> &mut BytesMut {
        self.gather();
        &mut self.lent().gathered
    }

    /// Drops the first `count` bytes: they are decoded.
    ///
    /// # Panics
    /// Panics when there are fewer.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "no more bytes are decoded than were read");
        match &mut self.lent {
            Some(lent) if lent.form == Form::Gathered => lent.gathered.advance(count),
            _ => self.undecoded.start += count,
        }
    }

    /// Takes a frame off the front. In which memory it is then, [`Frame`](Frame#which-memory) says.
    ///
    /// # Panics
    /// Panics when there are fewer bytes than the frame takes.
    pub fn take(&mut self, span: &Span) -> Frame {
        let payload = span.payload();
        if is_copied(payload.len()) {
            let frame = Frame::copy_from_slice(&self.bytes()[payload]);
            self.advance(span.len());
            return frame;
        }
        if self.form() == Form::Gathered {
            return self.lent().take_gathered(span);
        }
        let is_last = span.len() == self.len();
        let start = self.undecoded.start;
        self.advance(span.len());
        if is_last {
            self.undecoded = 0..0;
        }
        self.take_long(start + payload.start..start + payload.end, is_last)
    }

    /// As [`take`](Self::take), for values whose parts are to share memory.
    ///
    /// # Panics
    /// As [`take`](Self::take).
    pub fn take_bytes(&mut self, span: &Span) -> Bytes {
        let payload = span.payload();
        let is_last = span.len() == self.len();
        if is_copied(payload.len()) || (is_last && payload.len() <= SMALL) {
            let bytes = Bytes::copy_from_slice(&self.bytes()[payload]);
            self.advance(span.len());
            return bytes;
        }
        self.take(span).into()
    }

    /// The bytes of `frame`, of what is not gathered; with nothing behind it if it is the last.
    fn take_long(&mut self, frame: Range<usize>, is_last: bool) -> Frame {
        if self.is_in_place() {
            if is_pinned(&self.block, frame.len()) || (is_last && frame.len() <= SMALL) {
                return Frame::copy_from_slice(&self.block[frame]);
            }
            if is_last {
                return Frame::within(mem::take(&mut self.block), frame);
            }
            // Now frames can be parts of the block. The last of them to go returns it to the pool.
            let frozen = Bytes::from_owner(Block::from(mem::take(&mut self.block)));
            let lent = self.lent();
            lent.frozen = frozen;
            lent.form = Form::Frozen;
        }
        let lent = self.lent();
        if is_pinned(&lent.frozen, frame.len()) {
            return Frame::copy_from_slice(&lent.frozen[frame]);
        }
        if is_last {
            // It takes the memory with it, rather than a share in it.
            lent.form = Form::InPlace;
            let mut last = mem::take(&mut lent.frozen);
            last.truncate(frame.end);
            last.advance(frame.start);
            return last.into();
        }
        lent.frozen.slice(frame).into()
    }

    /// Gives the bytes of a located frame, which are in place, to `parse`, and drops the frame. If that fails, drops all the rest as
    /// well: the stream is done.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, which goes through memory otherwise"
    )]
    pub(crate) fn take_in_place<'a, T, E>(
        &'a mut self,
        span: &Span,
        parse: impl FnOnce(&'a mut [u8]) -> Result<T, E>,
    ) -> Result<T, DecodeError<E>> {
        let Self {
            block,
            undecoded,
            read,
            state,
            ..
        } = self;
        let (frame, rest) = block[undecoded.clone()].split_at_mut(span.len());
        undecoded.start += span.len();
        parse(&mut frame[span.payload()]).map_err(|source| {
            undecoded.start = undecoded.end;
            *state = State::Done;
            let unread = Bytes::copy_from_slice(rest);
            let offset = *read - (span.len() + unread.len()) as u64;
            DecodeError::new(Fault::Malformed(source), offset, unread)
        })
    }

    /// Where in the stream the undecoded bytes start.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.read.saturating_sub(self.len() as u64)
    }

    /// How much memory is held, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.block.len() + self.lent.as_ref().map_or(0, |lent| lent.memory())
    }

    /// Memory to read more bytes into; never empty.
    #[inline]
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        // The most frequent way: nothing is left of what was read before.
        if self.undecoded.is_empty() && self.is_in_place() {
            self.undecoded = 0..0;
            if self.block.len() < self.read_size() {
                self.set_block(block::take(self.read_size()));
            }
        } else {
            self.make_room();
        }
        &mut self.block[self.undecoded.end..]
    }

    /// Makes room for more bytes.
    #[inline(never)]
    fn make_room(&mut self) {
        let form = self.form();
        if form == Form::Frozen || (form == Form::Gathered && self.len() <= SMALL) {
            self.settle();
        }
        let size = self.read_size();
        if self.undecoded.is_empty() {
            self.undecoded = 0..0;
            if self.block.len() < size {
                self.set_block(block::take(size));
            }
        } else if self.block.len() - self.undecoded.end <= self.block.len() / 2 {
            let len = self.undecoded.len();
            if len < self.block.len() / 2 && self.block.len() >= size {
                self.block.copy_within(self.undecoded.clone(), 0);
            } else {
                // Growing by what has come, never by what a header claims, bounds what is held by what the peer sent.
                let mut longer = block::take((len * 2).max(size));
                longer[..len].copy_from_slice(&self.block[self.undecoded.clone()]);
                self.set_block(longer);
            }
            self.undecoded = 0..len;
        }
    }

    /// Takes the first `count` bytes of [`spare`](Self::spare) for read.
    #[inline]
    pub(crate) fn filled(&mut self, count: usize) {
        let size = self.read_size();
        let room = self.block.len() - self.undecoded.end;
        assert!(count <= room, "{count} bytes cannot have been read into {room}");
        self.undecoded.end += count;
        if count == room {
            cold_path();
            self.read_class = class_of((self.block.len() * 2).min(MAX_READ));
        } else if self.undecoded.end < size / 4 {
            // By all there is: this read may have brought but the end of a long frame.
            self.read_class = self.read_class.saturating_sub(1);
        }
        self.read += count as u64;
        if self.form() == Form::Gathered {
            self.gather();
        }
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

    /// Gives memory back, unless there is so much in it that to copy it would cost more. What there is is kept by itself.
    #[inline]
    pub(crate) fn release(&mut self) {
        // The most frequent way: nothing is left of it.
        if self.undecoded.is_empty() && self.lent.is_none() {
            self.undecoded = 0..0;
            self.set_block(Box::default());
        } else {
            self.release_most();
        }
    }

    #[inline(never)]
    fn release_most(&mut self) {
        let len = self.len();
        if len == self.block.len() && self.lent.is_none() {
            return;
        }
        let kept = match len {
            0 => Box::default(),
            len if len <= SMALL.max(self.memory() / 4) => self.bytes().into(),
            _ => return,
        };
        if let Some(lent) = self.lent.take() {
            lent.put_away(self.block.len() == MIN_BLOCK);
        }
        self.set_block(kept);
        self.undecoded = 0..len;
    }

    /// All undecoded bytes, which count as decoded then.
    pub(crate) fn take_all(&mut self) -> Bytes {
        mem::take(self.gathered()).freeze()
    }

    /// The frame found last, from the first undecoded byte.
    #[inline]
    pub(crate) fn located(&mut self) -> &mut Span {
        &mut self.lent().located
    }

    /// In which form the undecoded bytes are.
    #[inline]
    fn form(&self) -> Form {
        self.lent.as_ref().map_or(Form::InPlace, |lent| lent.form)
    }

    #[inline]
    fn lent(&mut self) -> &mut Lent {
        self.lent.get_or_insert_with(Lent::from_pool)
    }

    /// Brings the undecoded bytes into what is gathered.
    fn gather(&mut self) {
        let undecoded = mem::take(&mut self.undecoded);
        let lent = self.lent.get_or_insert_with(Lent::from_pool);
        match mem::replace(&mut lent.form, Form::Gathered) {
            Form::InPlace | Form::Gathered => lent.gather(&self.block[undecoded]),
            Form::Frozen => {
                let frozen = mem::take(&mut lent.frozen);
                lent.gather(&frozen[undecoded]);
            }
        }
    }

    /// Brings the undecoded bytes into the block.
    #[cold]
    #[inline(never)]
    fn settle(&mut self) {
        let undecoded = mem::take(&mut self.undecoded);
        let lent = self.lent();
        match mem::replace(&mut lent.form, Form::InPlace) {
            Form::InPlace => self.undecoded = undecoded,
            Form::Frozen => {
                let frozen = mem::take(&mut lent.frozen);
                self.copy_in(&frozen[undecoded]);
            }
            Form::Gathered => {
                let mut gathered = mem::take(&mut lent.gathered);
                self.copy_in(&gathered);
                // Its memory is used again once the frames that were split off it are gone.
                gathered.clear();
                self.lent().gathered = gathered;
            }
        }
    }

    /// Makes a copy of `bytes` all that is undecoded.
    fn copy_in(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        if len > 0 {
            let size = len.max(self.read_size());
            if self.block.len() < size {
                self.set_block(block::take(size));
            }
            self.block[..len].copy_from_slice(bytes);
        }
        self.undecoded = 0..len;
    }

    #[inline]
    fn set_block(&mut self, block: Box<[u8]>) {
        let last = mem::replace(&mut self.block, block);
        if !last.is_empty() {
            block::put(last);
        }
    }

    /// How large a block to read into, in bytes.
    #[inline]
    fn read_size(&self) -> usize {
        MIN_BLOCK << self.read_class
    }
}

impl Drop for ReadBuf {
    fn drop(&mut self) {
        self.set_block(Box::default());
    }
}

/// How often the smallest block is doubled to get one of `size` bytes.
fn class_of(size: usize) -> u8 {
    (size / MIN_BLOCK).max(1).ilog2().to_le_bytes()[0]
}

/// Whether an owned frame of that length is a copy, whatever is around it.
#[inline]
pub(crate) fn is_copied(len: usize) -> bool {
    len <= SHORT
}

/// Whether a frame of that length is too short to keep `memory` alive.
#[inline]
fn is_pinned(memory: &[u8], frame: usize) -> bool {
    frame < memory.len() / PINNED
}

/// Splits a frame off the front of `src`.
pub(crate) fn split(src: &mut BytesMut, span: &Span) -> Bytes {
    let mut frame = src.split_to(span.len());
    frame.truncate(span.payload().end);
    frame.advance(span.payload().start);
    frame.freeze()
}
