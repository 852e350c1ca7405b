//! Finds a byte, resuming where the last look stopped.
//!
//! Framings that end with a certain byte share it: without the resumption, a long frame that comes in small pieces would be
//! searched from its start each time.

use memchr::memchr;

/// How far the current frame was searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    searched: usize,
}

impl Scan {
    pub(crate) const fn new() -> Self {
        Self { searched: 0 }
    }

    /// Where `needle` is in `src`, which starts where it did before, unless `needle` was found.
    #[inline]
    pub(crate) fn find(&mut self, needle: u8, src: &[u8]) -> Option<usize> {
        let searched = self.searched.min(src.len());
        if let Some(found) = memchr(needle, &src[searched..]) {
            self.searched = 0;
            Some(searched + found)
        } else {
            self.searched = src.len();
            None
        }
    }
}
