//! The strings that are stored: short ones in place, which saves an allocation and a miss of the cache each.

use smallvec::SmallVec;

/// Bytes, up to 16 of them without an allocation.
pub type Blob = SmallVec<[u8; 16]>;

/// How many bytes it holds elsewhere.
pub fn heap(blob: &Blob) -> usize {
    if blob.spilled() { blob.capacity() } else { 0 }
}
