//! Where a frame lies: what a decoder that does not take bytes away has to say.

use std::ops::Range;

/// Where a frame lies in the bytes that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    payload: Range<usize>,
    len: usize,
    skipped: bool,
}

impl Span {
    /// The frame's bytes are `payload`; with its header, its delimiter and all, it takes the first `len` bytes.
    ///
    /// # Panics
    /// Panics unless the payload lies within these.
    #[must_use]
    #[inline]
    pub fn new(payload: Range<usize>, len: usize) -> Self {
        assert!(
            payload.start <= payload.end && payload.end <= len,
            "a frame's payload lies within it"
        );
        Self {
            payload,
            len,
            skipped: false,
        }
    }

    /// The first `len` bytes belong to no frame: padding, or the rest of a line that is being discarded.
    ///
    /// Whoever drives the decoder drops them and asks again; to skip nothing is an error.
    #[must_use]
    #[inline]
    pub fn skip(len: usize) -> Self {
        Self {
            payload: 0..0,
            len,
            skipped: true,
        }
    }

    /// The place of the frame's bytes.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> Range<usize> {
        self.payload.clone()
    }

    /// How many bytes the frame takes, from the front of what was looked at.
    #[must_use]
    #[inline]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a frame that takes no bytes is an error of the decoder"
    )]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no frame, only bytes to drop.
    #[must_use]
    #[inline]
    pub fn is_skipped(&self) -> bool {
        self.skipped
    }

    /// Whether there is a frame, which takes some bytes as it must.
    #[inline]
    pub(crate) fn is_frame(&self) -> bool {
        self.len > 0 && !self.skipped
    }
}

/// What a decoder can say of the next frame at a glance: without an error, without changing, in a few instructions, and whether
/// or not more bytes will come.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Glance {
    /// This decoder never glances.
    Never,
    /// Here it is.
    Frame(Span),
    /// It takes a closer look.
    Unclear,
}
