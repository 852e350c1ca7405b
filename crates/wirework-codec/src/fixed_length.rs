//! Frames that all have the same length.

use thiserror::Error;

use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// Frames of a fixed length, with nothing in between.
///
/// ```
/// use wirework_codec::{Deframer, FixedLength};
///
/// let mut deframer = Deframer::new(FixedLength::new(3));
/// deframer.push(b"onetwo");
/// assert_eq!(deframer.next_ref()?, Some(&b"one"[..]));
/// assert_eq!(deframer.next_ref()?, Some(&b"two"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FixedLength {
    len: usize,
}

impl FixedLength {
    /// The codec for frames of `len` bytes.
    ///
    /// # Panics
    /// Panics if `len` is 0: such frames would never end.
    #[must_use]
    pub const fn new(len: usize) -> Self {
        assert!(len > 0, "a frame has at least 1 byte");
        Self { len }
    }

    fn check(&self, len: usize) -> Result<(), FixedLengthError> {
        if len == self.len {
            return Ok(());
        }
        Err(FixedLengthError::Length {
            len,
            expected: self.len,
        })
    }
}

impl Framing for FixedLength {
    type Error = FixedLengthError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, FixedLengthError> {
        Ok((src.len() >= self.len).then(|| Span::new(0..self.len, self.len)))
    }
}

impl<P: Payload> Encoder<P> for FixedLength {
    type Error = FixedLengthError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), FixedLengthError> {
        self.check(item.as_ref().len())?;
        item.put(dst);
        Ok(())
    }
}

impl Enclose for FixedLength {
    type Error = FixedLengthError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), FixedLengthError> {
        self.check(dst.since(mark))
    }
}

/// What can be wrong with a frame of a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FixedLengthError {
    /// A frame to be written has another length.
    #[error("frame to be sent has {len} bytes instead of {expected}")]
    Length {
        /// How long it is, in bytes.
        len: usize,
        /// How long it must be, in bytes.
        expected: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_frames_of_the_length_are_written() {
        let mut dst = WriteBuf::new();
        let mut codec = FixedLength::new(2);
        codec.encode(b"ab", &mut dst).unwrap();
        for frame in [&b"a"[..], b"abc"] {
            let error = FixedLengthError::Length {
                len: frame.len(),
                expected: 2,
            };
            assert_eq!(codec.encode(frame, &mut dst), Err(error));
        }
        assert_eq!(dst.to_vec(), b"ab");
    }
}
