//! The strings that are stored: short ones in place, which saves an allocation and a miss of the cache each.

use smallvec::SmallVec;

/// Bytes, up to 16 of them without an allocation.
pub type Blob = SmallVec<[u8; 16]>;

/// How many bytes it holds elsewhere.
pub fn heap(blob: &Blob) -> usize {
    if blob.spilled() { blob.capacity() } else { 0 }
}

/// How many bytes it holds elsewhere at the least, which is as much for a copy of it: copies have room of their own making, and
/// what was counted for the original must not be missing when they go.
pub fn spilled(blob: &Blob) -> usize {
    if blob.len() > blob.inline_size() { blob.len() } else { 0 }
}
