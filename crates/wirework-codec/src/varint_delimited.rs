//! Frames behind a length of variable width.

use thiserror::Error;

use crate::varint::{Varint, read_varint, write_varint};
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 1 MiB, without its length.
const MAX_LEN: usize = 1024 * 1024;

/// Frames behind an unsigned LEB128 length, which is what Protocol Buffers calls a delimited message ("base 128 varints" in
/// its encoding guide).
///
/// A frame is at most 1 MiB long, unless [set otherwise](Self::max_len), both ways. The length takes at most ten bytes;
/// needless zero bits in it are accepted, as Protocol Buffers does, and never written.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, VarintDelimited, WriteBuf};
///
/// let mut out = WriteBuf::new();
/// VarintDelimited::new().encode([b'x'; 300], &mut out)?;
/// assert_eq!(out.to_vec()[..3], *b"\xac\x02x");
///
/// let mut deframer = Deframer::new(VarintDelimited::new());
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(&[b'x'; 300][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct VarintDelimited {
    max_len: usize,
}

impl VarintDelimited {
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

    #[inline]
    fn check(&self, len: u64) -> Result<usize, VarintError> {
        match usize::try_from(len) {
            Ok(fitting) if fitting <= self.max_len => Ok(fitting),
            _ => Err(VarintError::TooLong {
                len,
                limit: self.max_len,
            }),
        }
    }
}

impl Default for VarintDelimited {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for VarintDelimited {
    type Error = VarintError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, VarintError> {
        let (len, header) = match read_varint(src) {
            Varint::Complete(len, header) => (self.check(len)?, header),
            Varint::Incomplete => return Ok(None),
            Varint::TooLarge => return Err(VarintError::Overflow),
        };
        let end = header.checked_add(len).filter(|end| *end <= src.len());
        Ok(end.map(|end| Span::new(header..end, end)))
    }
}

impl<P: Payload> Encoder<P> for VarintDelimited {
    type Error = VarintError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), VarintError> {
        let len = item.as_ref().len() as u64;
        self.check(len)?;
        let (bytes, width) = write_varint(len);
        dst.put_slice(&bytes[..width]);
        item.put(dst);
        Ok(())
    }
}

impl Enclose for VarintDelimited {
    type Error = VarintError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), VarintError> {
        let len = dst.since(mark) as u64;
        self.check(len)?;
        let (bytes, width) = write_varint(len);
        dst.insert(mark, &bytes[..width]);
        Ok(())
    }
}

/// What can be wrong with a frame behind a length of variable width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VarintError {
    /// The frame is longer than allowed.
    #[error("frame of {len} bytes is longer than the limit of {limit} bytes")]
    TooLong {
        /// What the length says.
        len: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The length does not end within ten bytes, or does not fit 64 bits.
    #[error("length does not fit 64 bits")]
    Overflow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_both_ways() {
        let mut codec = VarintDelimited::new().max_len(200);
        let too_long = VarintError::TooLong { len: 201, limit: 200 };
        assert_eq!(codec.find(&[0xc9, 1]), Err(too_long));
        assert_eq!(codec.encode([0; 201], &mut WriteBuf::new()), Err(too_long));
        assert_eq!(codec.find(&[0xff; 10]), Err(VarintError::Overflow));
        let end = VarintDelimited::new()
            .max_len(usize::MAX)
            .find(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
        assert_eq!(end, Ok(None));
    }

    #[test]
    fn a_body_written_in_place_gets_its_length_in_front() {
        let (mut codec, mut dst) = (VarintDelimited::new(), WriteBuf::new());
        for len in [0, 5, 127, 128, 20_000] {
            let mark = codec.open(&mut dst);
            dst.put_slice(&vec![b'x'; len]);
            codec.close(mark, &mut dst).unwrap();
            let all = dst.to_vec();
            let span = codec.find(&all).unwrap().unwrap();
            assert_eq!((span.payload().len(), span.len()), (len, all.len()));
            assert!(all[span.payload()].iter().all(|byte| *byte == b'x'));
            dst.clear();
        }
    }
}
