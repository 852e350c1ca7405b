//! Bytes that were read and not yet decoded.
//!
//! Three kinds of decoders want them in three forms: in place, to borrow from; shared, to cut owned frames off without a copy;
//! and in a [`BytesMut`], as the ecosystem has it. This keeps them in the form that was asked for last.

use std::cell::RefCell;
use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::Span;
use crate::block::{Block, MIN_BLOCK};

/// Blocks to read into grow up to this size while reads fill them.
const MAX_READ: usize = 256 * 1024;

/// Up to this many bytes, or a quarter of a block, are moved out of it to let it go while waiting for more.
const SMALL: usize = 2 * 1024;

/// A frame keeps at most this many times its own length alive; where it would be more, it is copied.
const PINNED: usize = 1024;

/// Frames up to this many bytes, about what a `Bytes` itself takes, are copied out of a [`BytesMut`].
pub(crate) const TINY: usize = 64;

/// What a [`Deframer`](crate::Deframer) has read and its decoder has not decoded.
///
/// Only a decoder that overrides [`decode_from`](crate::Decoder::decode_from) sees it.
#[derive(Debug)]
pub struct ReadBuf {
    form: Form,
    /// What is read into. Unless frozen, `block[start..end]` is undecoded.
    block: Block,
    /// If frozen, all of the block, of which `start..end` is undecoded.
    frozen: Bytes,
    start: usize,
    end: usize,
    /// If gathered, what is undecoded, in front of what is so in `block`.
    gathered: BytesMut,
    /// How many bytes were read in all.
    read: u64,
    /// How large a block to read into.
    read_size: usize,
    /// The frame found last, from the first undecoded byte.
    pub(crate) located: Span,
}

/// What is kept of a buffer while nothing is in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PutAway {
    /// How many bytes were read in all.
    pub(crate) read: u64,
    /// How often the smallest block was doubled to get the size to read into.
    pub(crate) read_class: u8,
}

/// A thread keeps at most this many empty buffers for reuse, most of them with a block.
const POOL_BUFS: usize = 16;

thread_local! {
    #[expect(clippy::vec_box, reason = "what is lent is the box: a pointer is all that an idle connection has room for")]
    static POOL: RefCell<Vec<Box<ReadBuf>>> = const { RefCell::new(Vec::new()) };
}

/// A frame that has no meaning.
pub(crate) struct Unparsed<E> {
    pub(crate) source: E,
    /// Where in the stream the frame starts.
    pub(crate) offset: u64,
    /// The bytes behind the frame.
    pub(crate) unread: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    InPlace,
    Frozen,
    Gathered,
}

impl ReadBuf {
    /// An empty buffer, which holds no memory.
    pub(crate) fn new() -> Self {
        Self {
            form: Form::InPlace,
            block: Block::EMPTY,
            frozen: Bytes::new(),
            start: 0,
            end: 0,
            gathered: BytesMut::new(),
            read: 0,
            read_size: MIN_BLOCK,
            located: Span::skip(0),
        }
    }

    /// A buffer that goes on where another one of the same stream was [given back](Self::put_away).
    pub(crate) fn resume(put_away: PutAway) -> Box<Self> {
        let mut buf = POOL
            .try_with(|pool| pool.borrow_mut().pop())
            .ok()
            .flatten()
            .unwrap_or_else(|| Box::new(Self::new()));
        buf.read = put_away.read;
        buf.read_size = MIN_BLOCK << put_away.read_class;
        buf
    }

    /// Gives back an empty buffer to the pool of the thread.
    pub(crate) fn put_away(self: Box<Self>) -> PutAway {
        let mut this = self;
        let put_away = PutAway {
            read: this.read,
            // Less than the smallest block is as good as that.
            read_class: (this.read_size / MIN_BLOCK).max(1).ilog2().to_le_bytes()[0],
        };
        this.form = Form::InPlace;
        this.frozen = Bytes::new();
        this.gathered = BytesMut::new();
        this.start = 0;
        this.end = 0;
        if this.block.len() != MIN_BLOCK {
            this.block = Block::EMPTY;
        }
        // A thread that is being taken down has no pool any more.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOL_BUFS {
                pool.push(this);
            }
        });
        put_away
    }

    /// How many bytes are undecoded.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.gathered.len() + (self.end - self.start)
    }

    /// Whether all bytes are decoded.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end && self.gathered.is_empty()
    }

    /// The undecoded bytes.
    #[inline]
    pub fn bytes(&mut self) -> &[u8] {
        match self.form {
            Form::InPlace => &self.block[self.start..self.end],
            Form::Frozen => &self.frozen[self.start..self.end],
            Form::Gathered => self.bytes_mut(),
        }
    }

    /// The undecoded bytes, to be changed in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if self.form != Form::InPlace {
            self.settle();
        }
        &mut self.block[self.start..self.end]
    }

    /// The undecoded bytes, as a decoder takes them that knows of [`BytesMut`] only.
    pub fn gathered(&mut self) -> &mut BytesMut {
        if self.start < self.end {
            let undecoded = match self.form {
                Form::Frozen => &self.frozen[self.start..self.end],
                Form::InPlace | Form::Gathered => &self.block[self.start..self.end],
            };
            self.gathered.extend_from_slice(undecoded);
        }
        if self.form == Form::Frozen {
            self.frozen = Bytes::new();
        }
        self.form = Form::Gathered;
        self.start = 0;
        self.end = 0;
        &mut self.gathered
    }

    /// Drops the first `count` bytes: they are decoded.
    ///
    /// # Panics
    /// Panics when there are fewer.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        if self.form == Form::Gathered {
            self.settle();
        }
        assert!(
            count <= self.end - self.start,
            "no more bytes are decoded than were read"
        );
        self.start += count;
    }

    /// Takes a frame off the front: as a part of the memory that it was read into; or as a copy, if it is a small one with
    /// nothing behind it, or so short that it would keep more than 1024 times its length alive.
    ///
    /// # Panics
    /// Panics when there are fewer bytes than the frame takes.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    pub fn take(&mut self, span: &Span) -> Bytes {
        let frame = self.start + span.payload().start..self.start + span.payload().end;
        if self.form != Form::Frozen || span.len() >= self.len() || is_pinned(&self.frozen, frame.len()) {
            return self.take_slowly(span, frame);
        }
        self.start += span.len();
        self.frozen.slice(frame)
    }

    /// As [`take`](Self::take), of a frame that is the first or the last of its block, or that is copied.
    #[inline(never)]
    fn take_slowly(&mut self, span: &Span, frame: Range<usize>) -> Bytes {
        if self.form == Form::Gathered {
            self.settle();
            return self.take(span);
        }
        self.advance(span.len());
        let is_last = self.start == self.end;
        if self.form == Form::InPlace {
            if is_pinned(&self.block, frame.len()) || (is_last && frame.len() <= SMALL) {
                return Bytes::copy_from_slice(&self.block[frame]);
            }
            self.freeze();
        }
        if is_pinned(&self.frozen, frame.len()) {
            return Bytes::copy_from_slice(&self.frozen[frame]);
        }
        if is_last {
            // It takes the memory with it, rather than a share in it.
            self.form = Form::InPlace;
            self.start = 0;
            self.end = 0;
            let mut last = mem::take(&mut self.frozen);
            last.truncate(frame.end);
            last.advance(frame.start);
            return last;
        }
        self.frozen.slice(frame)
    }

    /// Gives the bytes of a located frame to `parse`, and drops the frame. If that fails, drops all the rest as well.
    #[inline]
    pub(crate) fn take_in_place<'a, T, E>(
        &'a mut self,
        span: &Span,
        parse: impl FnOnce(&'a mut [u8]) -> Result<T, E>,
    ) -> Result<T, Unparsed<E>> {
        let (frame, rest) = self.block[self.start..self.end].split_at_mut(span.len());
        self.start += span.len();
        parse(&mut frame[span.payload()]).map_err(|source| {
            self.start = self.end;
            let unread = Bytes::copy_from_slice(rest);
            let offset = self.read - (span.len() + unread.len()) as u64;
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
        self.block.len() + self.frozen.len() + self.gathered.capacity()
    }

    /// Memory to read more bytes into; never empty.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.form == Form::Frozen {
            self.settle();
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

    /// Takes the first `count` bytes of [`spare`](Self::spare) for read.
    #[inline]
    pub(crate) fn filled(&mut self, count: usize) {
        let room = self.block.len() - self.end;
        assert!(count <= room, "{count} bytes cannot have been read into {room}");
        self.end += count;
        self.read += count as u64;
        if count == room {
            self.read_size = (self.block.len() * 2).min(MAX_READ);
        } else if self.end < self.read_size / 4 {
            // By all there is: this read may have brought but the end of a long frame.
            self.read_size = (self.read_size / 2).max(MIN_BLOCK);
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

    /// Lets go of memory that what is undecoded does not need.
    #[inline]
    pub(crate) fn release(&mut self) {
        let is_worth_it = self.block.len() >= MIN_BLOCK || self.form != Form::InPlace;
        if is_worth_it && self.len() <= SMALL.max(self.block.len().max(self.frozen.len()) / 4) {
            let len = self.len();
            let undecoded = Block::copy_of(self.bytes());
            self.settle();
            self.start = 0;
            self.end = len;
            self.block = undecoded;
        } else if self.gathered.len() <= self.gathered.capacity() / 4 {
            self.gathered = BytesMut::from(&self.gathered[..]);
        }
    }

    /// All undecoded bytes, which count as decoded then.
    pub(crate) fn take_all(&mut self) -> Bytes {
        mem::take(self.gathered()).freeze()
    }

    /// Makes the block shared, so that frames can be parts of it. The last of them returns it to the pool.
    fn freeze(&mut self) {
        self.frozen = Bytes::from_owner(mem::take(&mut self.block));
        self.form = Form::Frozen;
    }

    /// Brings the undecoded bytes into `block`.
    #[cold]
    fn settle(&mut self) {
        match mem::replace(&mut self.form, Form::InPlace) {
            Form::InPlace => {}
            Form::Frozen => {
                let frozen = mem::take(&mut self.frozen);
                self.copy_in(&frozen[self.start..self.end], &[]);
            }
            Form::Gathered => {
                let gathered = mem::take(&mut self.gathered);
                let block = mem::take(&mut self.block);
                self.copy_in(&gathered, &block[self.start..self.end]);
            }
        }
    }

    /// Makes copies of `first` and `second` all that is undecoded.
    fn copy_in(&mut self, first: &[u8], second: &[u8]) {
        let len = first.len() + second.len();
        self.start = 0;
        self.end = len;
        if len > 0 {
            self.block = Block::with_len(len.max(self.read_size));
            self.block[..first.len()].copy_from_slice(first);
            self.block[first.len()..len].copy_from_slice(second);
        }
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

/// Whether a frame of that length would keep too much memory alive.
#[inline]
fn is_pinned(memory: &[u8], frame: usize) -> bool {
    frame <= memory.len() / PINNED
}
