//! What a connection does with a [`WriteBuf`]: look at what is unwritten, and drop what it has written.

use std::io::IoSlice;

use super::WriteBuf;

impl WriteBuf {
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
    #[inline]
    pub fn chunk(&self) -> &[u8] {
        match self.queue.front() {
            Some((position, bytes)) if *position == self.base + self.start => bytes,
            Some((position, _)) => &self.block[self.start..position - self.base],
            None => &self.block[self.start..self.end],
        }
    }

    /// All unwritten bytes, if they lie in one piece.
    #[must_use]
    #[inline]
    pub fn in_one_piece(&self) -> Option<&[u8]> {
        if self.queue.is_empty() {
            return Some(&self.block[self.start..self.end]);
        }
        self.only_in_queue()
    }

    #[inline(never)]
    fn only_in_queue(&self) -> Option<&[u8]> {
        (self.queue.len() == 1 && self.start == self.end).then(|| self.chunk())
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
    #[inline]
    pub fn advance_keeping(&mut self, count: usize) {
        // The most frequent way: all of it was copied, and is written.
        if self.queue.is_empty() && count == self.end - self.start {
            self.start = 0;
            self.end = 0;
            self.base = 0;
            return;
        }
        self.advance_by_pieces(count);
    }

    fn advance_by_pieces(&mut self, mut count: usize) {
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
}
