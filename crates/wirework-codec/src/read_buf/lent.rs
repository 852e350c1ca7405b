//! What a [`ReadBuf`](super::ReadBuf) is lent while there are bytes in it: memory, and where to note what was found in it.
//!
//! An idle connection has none of it. A pool of the thread keeps a few, most of them with a block.

use std::cell::RefCell;
use std::mem;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::Span;
use crate::block::{Block, MIN_BLOCK};

/// A frame keeps at most this many times its own length alive; where it would be more, it is copied.
const PINNED: usize = 1024;

/// A thread keeps at most this many of these for reuse.
const POOL_SIZE: usize = 16;

thread_local! {
    #[expect(clippy::vec_box, reason = "what is lent is the box: a pointer is all that an idle connection has room for")]
    static POOL: RefCell<Vec<Box<Lent>>> = const { RefCell::new(Vec::new()) };
}

/// The memory of a buffer. Which bytes of it are undecoded is kept outside, where it can be changed without a detour.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) form: Form,
    /// What is read into. Unless frozen, a range of it is undecoded.
    pub(super) block: Block,
    /// If frozen, all of the block, of which a range is undecoded.
    pub(super) frozen: Bytes,
    /// If gathered, what is undecoded, in front of what is so in `block`.
    pub(super) gathered: BytesMut,
    /// The frame found last, from the first undecoded byte.
    pub(super) located: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    InPlace,
    Frozen,
    Gathered,
}

impl Lent {
    /// An empty one, with a block unless it is new.
    #[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
    pub(super) fn from_pool() -> Box<Self> {
        let pooled = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
        pooled.unwrap_or_else(|| {
            Box::new(Self {
                form: Form::InPlace,
                block: Block::EMPTY,
                frozen: Bytes::new(),
                gathered: BytesMut::new(),
                located: Span::skip(0),
            })
        })
    }

    /// Gives it back to the pool of the thread. What is in it is dropped.
    pub(super) fn put_away(mut self: Box<Self>) {
        if self.form != Form::InPlace || self.block.len() != MIN_BLOCK {
            self.empty();
        }
        // A thread that is being taken down has no pool any more.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOL_SIZE {
                pool.push(self);
            }
        });
    }

    /// Whether all of the block can be read into, and is `size` bytes long.
    #[inline]
    pub(super) fn is_free(&self, undecoded: &Range<usize>, size: usize) -> bool {
        undecoded.start == undecoded.end && self.form == Form::InPlace && self.block.len() >= size
    }

    /// Drops what is in it, and memory that is more than most have a use for.
    #[cold]
    fn empty(&mut self) {
        self.form = Form::InPlace;
        self.frozen = Bytes::new();
        if self.block.len() == MIN_BLOCK {
            // Once the frames that were split off it are gone, its memory is used again.
            self.gathered.clear();
        } else {
            self.block = Block::EMPTY;
            self.gathered = BytesMut::new();
        }
    }

    /// How much memory it is, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.block.len() + self.frozen.len() + self.gathered.capacity()
    }

    /// Brings what is undecoded into the block, of at least `size` bytes, and returns where that is.
    pub(super) fn settle(&mut self, undecoded: Range<usize>, size: usize) -> Range<usize> {
        match mem::replace(&mut self.form, Form::InPlace) {
            Form::InPlace => undecoded,
            Form::Frozen => {
                let frozen = mem::take(&mut self.frozen);
                self.copy_in(&frozen[undecoded], &[], size)
            }
            Form::Gathered => {
                let mut gathered = mem::take(&mut self.gathered);
                let settled = if undecoded.is_empty() {
                    self.copy_in(&gathered, &[], size)
                } else {
                    let block = mem::take(&mut self.block);
                    self.copy_in(&gathered, &block[undecoded], size)
                };
                // Its memory is used again once the frames that were split off it are gone.
                gathered.clear();
                self.gathered = gathered;
                settled
            }
        }
    }

    /// Makes copies of `first` and `second` all that is undecoded, in a block of at least `size` bytes.
    pub(super) fn copy_in(&mut self, first: &[u8], second: &[u8], size: usize) -> Range<usize> {
        let len = first.len() + second.len();
        if len > 0 {
            if self.block.len() < len.max(size) {
                self.block = Block::with_len(len.max(size));
            }
            self.block[..first.len()].copy_from_slice(first);
            self.block[first.len()..len].copy_from_slice(second);
        }
        0..len
    }

    /// Brings what is undecoded into `gathered`.
    pub(super) fn gather(&mut self, undecoded: Range<usize>) {
        if !undecoded.is_empty() {
            let undecoded = match self.form {
                Form::Frozen => &self.frozen[undecoded],
                Form::InPlace | Form::Gathered => &self.block[undecoded],
            };
            self.gathered.extend_from_slice(undecoded);
        }
        if self.form == Form::Frozen {
            self.frozen = Bytes::new();
        }
        self.form = Form::Gathered;
    }

    /// Moves what is undecoded to the front of the block, or to a longer one, and returns where it is then.
    pub(super) fn make_room(&mut self, undecoded: Range<usize>, size: usize) -> Range<usize> {
        let len = undecoded.len();
        if len < self.block.len() / 2 && self.block.len() >= size {
            self.block.copy_within(undecoded, 0);
        } else {
            // Growing by what has come, never by what a header claims, bounds what is held by what the peer sent.
            let mut longer = Block::with_len((len * 2).max(size));
            longer[..len].copy_from_slice(&self.block[undecoded]);
            self.block = longer;
        }
        0..len
    }

    /// Takes a frame off the front of what is gathered.
    pub(super) fn take_gathered(&mut self, span: &Span) -> Bytes {
        let payload = span.payload();
        if payload.len() >= self.gathered.capacity() / PINNED {
            return super::split(&mut self.gathered, span);
        }
        let frame = Bytes::copy_from_slice(&self.gathered[payload]);
        self.gathered.advance(span.len());
        frame
    }

    /// The bytes of `frame`, of what is not gathered; with nothing behind it if it is the last.
    pub(super) fn take(&mut self, frame: Range<usize>, is_last: bool) -> Bytes {
        if self.form == Form::InPlace {
            if is_pinned(&self.block, frame.len()) || (is_last && frame.len() <= super::SMALL) {
                return Bytes::copy_from_slice(&self.block[frame]);
            }
            // Now frames can be parts of the block. The last of them to go returns it to the pool.
            self.frozen = Bytes::from_owner(mem::take(&mut self.block));
            self.form = Form::Frozen;
        }
        if is_pinned(&self.frozen, frame.len()) {
            return Bytes::copy_from_slice(&self.frozen[frame]);
        }
        if is_last {
            // It takes the memory with it, rather than a share in it.
            self.form = Form::InPlace;
            let mut last = mem::take(&mut self.frozen);
            last.truncate(frame.end);
            last.advance(frame.start);
            return last;
        }
        self.frozen.slice(frame)
    }
}

#[inline]
fn is_pinned(memory: &[u8], frame: usize) -> bool {
    frame < memory.len() / PINNED
}
