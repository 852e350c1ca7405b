//! Copies bytes that mostly are few.
//!
//! To call the C library for them takes longer than the copy: what a call may change has to be saved, and what it finds out about
//! the length was known. Slices of a fixed length are copied where they are, in a few instructions.

/// Copies `src` to `dst`, which is as long.
///
/// # Panics
/// Panics unless it is.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call is what it saves")]
pub(crate) fn copy_short(dst: &mut [u8], src: &[u8]) {
    if !copy_ends::<32>(dst, src) && !copy_ends::<16>(dst, src) {
        dst.copy_from_slice(src);
    }
}

/// Copies the first `N` bytes and the last `N`, if that is all. They may overlap.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as `copy_short`")]
fn copy_ends<const N: usize>(dst: &mut [u8], src: &[u8]) -> bool {
    if dst.len() != src.len() || src.len() > 2 * N {
        return false;
    }
    let (Some(first), Some(last)) = (src.first_chunk::<N>(), src.last_chunk::<N>()) else {
        return false;
    };
    if let Some(start) = dst.first_chunk_mut() {
        *start = *first;
    }
    if let Some(end) = dst.last_chunk_mut() {
        *end = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        for len in 0..=200 {
            let src: Vec<u8> = (1..=len).collect();
            let mut dst = vec![0; src.len()];
            copy_short(&mut dst, &src);
            assert_eq!(dst, src);
        }
    }

    #[test]
    #[should_panic(expected = "copy_from_slice")]
    fn lengths_must_agree() {
        copy_short(&mut [0; 31], &[1; 32]);
    }
}
