//! Frames that end with a zero byte.

use memchr::memchr;
use thiserror::Error;

use crate::scan::Scan;
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 64 KiB, without the zero.
const MAX_LEN: usize = 64 * 1024;

/// Frames that end with a zero byte, which is not part of them: C strings, and XML or JSON over a socket.
///
/// A frame is at most 64 KiB long, unless [set otherwise](Self::max_len), both ways.
///
/// ```
/// use wirework_codec::{Deframer, NulTerminated};
///
/// let mut deframer = Deframer::new(NulTerminated::new());
/// deframer.push(b"one\0two\0");
/// assert_eq!(deframer.next_ref()?, Some(&b"one"[..]));
/// assert_eq!(deframer.next_ref()?, Some(&b"two"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NulTerminated {
    max_len: usize,
    scan: Scan,
}

impl NulTerminated {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LEN,
            scan: Scan::new(),
        }
    }

    /// Sets how long a frame may be, in bytes without the zero; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Fails unless `frame` is read back as it is.
    fn check(&self, frame: &[u8]) -> Result<(), NulError> {
        if frame.len() > self.max_len {
            return Err(NulError::TooLong { limit: self.max_len });
        }
        memchr(0, frame).map_or(Ok(()), |at| Err(NulError::Nul { at }))
    }
}

impl Default for NulTerminated {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for NulTerminated {
    type Error = NulError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, NulError> {
        let found = self.scan.find(0, src);
        if found.unwrap_or(src.len()) > self.max_len {
            return Err(NulError::TooLong { limit: self.max_len });
        }
        Ok(found.map(|end| Span::new(0..end, end + 1)))
    }
}

impl<P: Payload> Encoder<P> for NulTerminated {
    type Error = NulError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), NulError> {
        self.check(item.as_ref())?;
        item.put(dst);
        dst.put_u8(0);
        Ok(())
    }
}

impl Enclose for NulTerminated {
    type Error = NulError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), NulError> {
        self.check(dst.copied(mark))?;
        dst.put_u8(0);
        Ok(())
    }
}

/// What can be wrong with a frame that ends with a zero byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NulError {
    /// The frame is longer than allowed.
    #[error("frame is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame to be written has a zero in it.
    #[error("frame to be sent has a zero at byte {at}")]
    Nul {
        /// Where it is, from the start of the frame.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip() {
        let mut dst = WriteBuf::new();
        let mut codec = NulTerminated::new();
        codec.encode(b"one", &mut dst).unwrap();
        codec.encode(b"", &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"one\0\0");
        assert_eq!(codec.find(b"one\0\0").unwrap(), Some(Span::new(0..3, 4)));
        assert_eq!(codec.find(b"\0").unwrap(), Some(Span::new(0..0, 1)));
    }

    #[test]
    fn limits_hold_both_ways() {
        let mut codec = NulTerminated::new().max_len(3);
        let too_long = NulError::TooLong { limit: 3 };
        assert_eq!(codec.clone().find(b"abc").unwrap(), None);
        assert_eq!(codec.clone().find(b"abcd"), Err(too_long));
        assert_eq!(codec.clone().find(b"abcd\0"), Err(too_long));
        assert_eq!(codec.encode(b"abcd", &mut WriteBuf::new()), Err(too_long));
        assert_eq!(
            codec.encode(b"a\0b", &mut WriteBuf::new()),
            Err(NulError::Nul { at: 1 })
        );
    }
}
