//! Places in a [`WriteBuf`] to come back to: to take back what follows, or to fill in what was not known yet.

use super::WriteBuf;
use crate::block::Block;

/// A place in a [`WriteBuf`] to come back to; see [`WriteBuf::mark`].
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    position: usize,
    pieces: usize,
    queued: usize,
}

impl WriteBuf {
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
}
