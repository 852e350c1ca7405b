//! Frames that end with a certain byte, which is escaped where it occurs in them.

use memchr::{memchr, memchr2_iter};
use thiserror::Error;

use crate::scan::Scan;
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 64 KiB, without what escapes add.
const MAX_LEN: usize = 64 * 1024;

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// The Serial Line Internet Protocol (RFC 1055).
///
/// A frame ends with the byte `0xc0`, and starts with it as well, as the RFC advises, so that noise on the line makes a frame
/// of its own; [`no_leading_end`](Self::no_leading_end) saves that byte. The reader skips empty frames, so none can be
/// written. A frame is at most 64 KiB long, unless [set otherwise](Self::max_len), both ways, without what escapes add.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, Slip, WriteBuf};
///
/// let mut out = WriteBuf::new();
/// Slip::new().encode(b"a\xc0b", &mut out)?;
/// assert_eq!(out.to_vec(), b"\xc0a\xdb\xdcb\xc0");
///
/// let mut deframer = Deframer::new(Slip::new());
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(&b"a\xc0b"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Slip {
    max_len: usize,
    no_leading_end: bool,
    scan: Scan,
}

impl Slip {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LEN,
            no_leading_end: false,
            scan: Scan::new(),
        }
    }

    /// Sets how long a frame may be, in bytes without what escapes add; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Writes no byte in front of a frame: for lines without noise, such as TCP.
    #[must_use]
    pub const fn no_leading_end(mut self) -> Self {
        self.no_leading_end = true;
        self
    }

    fn check(&self, len: usize) -> Result<(), SlipError> {
        if len > self.max_len {
            return Err(SlipError::TooLong { limit: self.max_len });
        }
        Ok(())
    }
}

impl Default for Slip {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for Slip {
    type Error = SlipError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, SlipError> {
        let found = self.scan.find(END, src);
        if found == Some(0) {
            let ends = src.iter().position(|byte| *byte != END);
            return Ok(Some(Span::skip(ends.unwrap_or(src.len()))));
        }
        if found.unwrap_or(src.len()) > self.max_len.saturating_mul(2) {
            return Err(SlipError::TooLong { limit: self.max_len });
        }
        Ok(found.map(|end| Span::new(0..end, end + 1)))
    }

    const ESCAPES: bool = true;

    fn unescape(&mut self, frame: &mut [u8]) -> Result<usize, SlipError> {
        let Some(first) = memchr(ESC, frame) else {
            self.check(frame.len())?;
            return Ok(frame.len());
        };
        let (mut read, mut written) = (first, first);
        while read < frame.len() {
            let (byte, taken) = match frame[read..] {
                [ESC, ESC_END, ..] => (END, 2),
                [ESC, ESC_ESC, ..] => (ESC, 2),
                [ESC, ..] => return Err(SlipError::Escape { at: read }),
                [byte, ..] => (byte, 1),
                [] => break,
            };
            frame[written] = byte;
            written += 1;
            read += taken;
        }
        self.check(written)?;
        Ok(written)
    }
}

impl<P: Payload> Encoder<P> for Slip {
    type Error = SlipError;

    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), SlipError> {
        let mark = self.open(dst);
        dst.put_slice(item.as_ref());
        self.close(mark, dst)
    }
}

impl Enclose for Slip {
    type Error = SlipError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        if !self.no_leading_end {
            dst.put_u8(END);
        }
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), SlipError> {
        let len = dst.since(mark);
        self.check(len)?;
        if len == 0 {
            return Err(SlipError::Empty);
        }
        let escapes = memchr2_iter(END, ESC, dst.copied(mark)).count();
        dst.put_zeros(escapes);
        escape(dst.copied_mut(mark), len);
        dst.put_u8(END);
        Ok(())
    }
}

/// Escapes `bytes[..end]` such that it fills all of `bytes`. It goes from the end, so that nothing is overwritten before it
/// is moved, and stops where there is nothing left to move.
fn escape(bytes: &mut [u8], end: usize) {
    let (mut read, mut write) = (end, bytes.len());
    while read < write {
        read -= 1;
        let escaped = match bytes[read] {
            END => ESC_END,
            ESC => ESC_ESC,
            byte => {
                write -= 1;
                bytes[write] = byte;
                continue;
            }
        };
        write -= 2;
        bytes[write] = ESC;
        bytes[write + 1] = escaped;
    }
}

/// What can be wrong with a frame in SLIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SlipError {
    /// The frame is longer than allowed.
    #[error("frame is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An escape is followed by neither of its codes.
    #[error("escape at byte {at} has no meaning")]
    Escape {
        /// Where it is, from the start of the encoded frame.
        at: usize,
    },
    /// A frame to be written is empty: the reader would skip it.
    #[error("frame to be sent is empty")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deframer;

    #[test]
    fn escapes_round_trip_wherever_they_are() {
        for frame in [
            &b"plain"[..],
            b"\xc0",
            b"\xdb\xdb\xc0\xc0",
            b"a\xdbb\xc0",
            b"\xc0tail",
            b"\xdc\xdd",
        ] {
            let mut dst = WriteBuf::new();
            dst.put_slice(b"before");
            Slip::new().encode(frame, &mut dst).unwrap();
            let mut deframer = Deframer::new(Slip::new());
            deframer.push(&dst.to_vec()[6..]);
            assert_eq!(deframer.next_ref().unwrap(), Some(frame));
            deframer.finish();
            assert_eq!(deframer.next_ref().unwrap(), None);
        }
    }

    #[test]
    fn a_bad_escape_is_an_error_that_says_where() {
        for (bytes, at) in [(&b"\xc0ab\xdbc\xc0"[..], 2), (b"\xdb\xdc\xdb\xc0", 2)] {
            let mut deframer = Deframer::new(Slip::new());
            deframer.push(bytes);
            let error = deframer.next_ref().unwrap_err();
            assert_eq!(error.fault().malformed(), Some(&SlipError::Escape { at }));
        }
    }

    #[test]
    fn limits_hold_both_ways() {
        let mut codec = Slip::new().max_len(4).no_leading_end();
        let too_long = SlipError::TooLong { limit: 4 };
        assert_eq!(codec.encode([END; 5], &mut WriteBuf::new()), Err(too_long));
        assert_eq!(codec.encode([0; 0], &mut WriteBuf::new()), Err(SlipError::Empty));
        assert_eq!(codec.clone().find(b"123456789"), Err(too_long));
        assert_eq!(codec.unescape(&mut b"12345".to_owned()), Err(too_long));
        let mut dst = WriteBuf::new();
        codec.encode([END; 4], &mut dst).unwrap();
        let span = codec.find(&dst.to_vec()).unwrap().unwrap();
        assert_eq!(codec.unescape(&mut dst.to_vec()[span.payload()]), Ok(4));
    }
}
