//! Frames that start with their length.

use thiserror::Error;

use crate::{Encoder, Framing, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 1 MiB, without its length.
const MAX_LEN: usize = 1024 * 1024;

/// How many bytes the length takes.
const HEADER: usize = 4;

/// Frames behind a four-byte length, the most significant byte first.
///
/// A frame is at most 1 MiB long, unless [set otherwise](Self::max_len), both ways. A length beyond that is an error before
/// any memory is spent on it.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, LengthDelimited, WriteBuf};
///
/// let mut out = WriteBuf::new();
/// LengthDelimited::new().encode(b"hello", &mut out)?;
/// assert_eq!(out.to_vec(), b"\0\0\0\x05hello");
///
/// let mut deframer = Deframer::new(LengthDelimited::new());
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(&b"hello"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LengthDelimited {
    max_len: usize,
}

impl LengthDelimited {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_len: MAX_LEN }
    }

    /// Sets how long a frame may be, in bytes without its length; 1 MiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }
}

impl Default for LengthDelimited {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for LengthDelimited {
    type Error = LengthError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, LengthError> {
        let Some(header) = src.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let len = u64::from(u32::from_be_bytes(*header));
        if len > self.max_len as u64 {
            return Err(LengthError::TooLong {
                len,
                limit: self.max_len,
            });
        }
        let end = HEADER + usize::try_from(len).expect("a length up to a usize limit fits");
        Ok((end <= src.len()).then(|| Span::new(HEADER..end, end)))
    }
}

impl<P: Payload> Encoder<P> for LengthDelimited {
    type Error = LengthError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), LengthError> {
        let len = item.as_ref().len();
        match u32::try_from(len) {
            Ok(header) if len <= self.max_len => dst.put_u32(header),
            _ => {
                return Err(LengthError::TooLong {
                    len: len as u64,
                    limit: self.max_len.min(u32::MAX as usize),
                });
            }
        }
        item.put(dst);
        Ok(())
    }
}

/// What can be wrong with a frame behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The frame is longer than allowed.
    #[error("frame of {len} bytes is longer than the limit of {limit} bytes")]
    TooLong {
        /// What the length says.
        len: u64,
        /// The limit, in bytes.
        limit: usize,
    },
}
