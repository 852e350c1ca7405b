//! What a [`ReadBuf`](super::ReadBuf) is lent where the bytes in it are asked for in another form than that in which they were read,
//! or a place in them has to be noted.
//!
//! An idle connection has none of it. A pool of the thread keeps a few.

use bytes::{Buf, Bytes, BytesMut};

use super::PINNED;
use crate::block::MIN_BLOCK;
use crate::{Frame, Span, Spares};

/// A thread keeps at most this many of these for reuse.
const KEPT: usize = 16;

/// Each of them with at most as much gathered memory as this: what is left of one read, and the next.
const KEPT_ROOM: usize = 2 * MIN_BLOCK;

thread_local! {
    // The box is what is lent, for a pointer is all that an idle connection has room for.
    static SPARE: Spares<Box<Lent>> = const { Spares::new(KEPT) };
}

/// The undecoded bytes of a buffer, in other forms. Which bytes are undecoded is kept outside, where it can be changed without a
/// detour.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) form: Form,
    /// If frozen, all that was read into a block, of which a range is undecoded.
    pub(super) frozen: Bytes,
    /// If gathered, what is undecoded, and all of it.
    pub(super) gathered: BytesMut,
    /// The most room that there was in what is gathered. What it says of itself is only what lies behind the frames that were split off
    /// it, while all of it is held.
    most_room: usize,
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
    /// An empty one.
    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
    pub(super) fn from_pool() -> Box<Self> {
        let spare = SPARE.try_with(Spares::take).ok().flatten();
        spare.unwrap_or_else(|| {
            Box::new(Self {
                form: Form::InPlace,
                frozen: Bytes::new(),
                gathered: BytesMut::new(),
                most_room: 0,
                located: Span::skip(0),
            })
        })
    }

    /// Gives it back to the pool of the thread. What is in it is dropped, and its memory as well, unless that and the block `is_small`.
    pub(super) fn put_away(mut self: Box<Self>, is_small: bool) {
        let is_small = is_small && self.room() <= KEPT_ROOM;
        if self.form != Form::InPlace || !is_small {
            self.empty(is_small);
        }
        // A thread that is being taken down has no pool any more.
        let _ = SPARE.try_with(|spares| spares.put(self));
    }

    #[cold]
    fn empty(&mut self, is_small: bool) {
        self.form = Form::InPlace;
        self.frozen = Bytes::new();
        if is_small {
            // Once the frames that were split off it are gone, its memory is used again.
            self.gathered.clear();
        } else {
            self.gathered = BytesMut::new();
            self.most_room = 0;
        }
    }

    /// Adds to what is gathered.
    pub(super) fn gather(&mut self, bytes: &[u8]) {
        // Who was lent it may have made room.
        self.most_room = self.room();
        self.gathered.extend_from_slice(bytes);
        self.most_room = self.room();
    }

    /// The most room that there was in what is gathered, until now.
    fn room(&self) -> usize {
        self.most_room.max(self.gathered.capacity())
    }

    /// How much memory it is, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.frozen.len() + self.room()
    }

    /// Takes a frame off the front of what is gathered.
    pub(super) fn take_gathered(&mut self, span: &Span) -> Frame {
        let payload = span.payload();
        if payload.len() >= self.room() / PINNED {
            return super::split(&mut self.gathered, span).into();
        }
        let frame = Frame::copy_from_slice(&self.gathered[payload]);
        self.gathered.advance(span.len());
        frame
    }
}
