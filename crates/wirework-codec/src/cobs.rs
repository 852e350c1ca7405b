//! Frames that end with a zero byte, with the zeros in them moved out of the way.

use memchr::memrchr;
use thiserror::Error;

use crate::scan::Scan;
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 64 KiB, without what the encoding adds.
const MAX_LEN: usize = 64 * 1024;

/// The most bytes that one code covers.
const RUN: usize = 254;

/// The code of a run of [`RUN`] bytes that no zero follows.
const FULL: u8 = 255;

/// Consistent Overhead Byte Stuffing (S. Cheshire and M. Baker, 1999), with a zero at the end of each frame.
///
/// It adds at most one byte in 254 and lets a reader start anywhere, which makes it the usual framing on serial lines.
/// Zeros with nothing in between are skipped: senders use them to wake a reader up. A frame is at most 64 KiB long, unless
/// [set otherwise](Self::max_len), both ways, without what the encoding adds.
///
/// ```
/// use wirework_codec::{Cobs, Deframer, Encoder, WriteBuf};
///
/// let mut out = WriteBuf::new();
/// Cobs::new().encode(b"ab\0c", &mut out)?;
/// assert_eq!(out.to_vec(), b"\x03ab\x02c\0");
///
/// let mut deframer = Deframer::new(Cobs::new());
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(&b"ab\0c"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cobs {
    max_len: usize,
    scan: Scan,
}

impl Cobs {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LEN,
            scan: Scan::new(),
        }
    }

    /// Sets how long a frame may be, in bytes without what the encoding adds; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    fn check(&self, len: usize) -> Result<(), CobsError> {
        if len > self.max_len {
            return Err(CobsError::TooLong { limit: self.max_len });
        }
        Ok(())
    }
}

impl Default for Cobs {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for Cobs {
    type Error = CobsError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, CobsError> {
        let found = self.scan.find(0, src);
        if found == Some(0) {
            let zeros = src.iter().position(|byte| *byte != 0);
            return Ok(Some(Span::skip(zeros.unwrap_or(src.len()))));
        }
        let longest = self.max_len.saturating_add(self.max_len / RUN + 1);
        if found.unwrap_or(src.len()) > longest {
            return Err(CobsError::TooLong { limit: self.max_len });
        }
        Ok(found.map(|end| Span::new(0..end, end + 1)))
    }

    const ESCAPES: bool = true;

    fn unescape(&mut self, frame: &mut [u8]) -> Result<usize, CobsError> {
        let (mut read, mut written) = (0, 0);
        while let Some(&code) = frame.get(read) {
            let run = read + 1..read + usize::from(code);
            if code == 0 || run.end > frame.len() {
                return Err(CobsError::Code { code, at: read });
            }
            read = run.end;
            let len = run.len();
            frame.copy_within(run, written);
            written += len;
            if code != FULL && read < frame.len() {
                frame[written] = 0;
                written += 1;
            }
        }
        self.check(written)?;
        Ok(written)
    }
}

impl<P: Payload> Encoder<P> for Cobs {
    type Error = CobsError;

    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), CobsError> {
        self.check(item.as_ref().len())?;
        let mark = self.open(dst);
        dst.put_slice(item.as_ref());
        self.close(mark, dst)
    }
}

impl Enclose for Cobs {
    type Error = CobsError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        let mark = dst.mark();
        // The first code, which stands for a zero in front of the frame.
        dst.put_u8(0);
        mark
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), CobsError> {
        let len = dst.since(mark) - 1;
        self.check(len)?;
        let added = codes_added(&dst.copied(mark)[1..]);
        dst.put_zeros(added);
        stuff(dst.copied_mut(mark), 1 + len);
        dst.put_u8(0);
        Ok(())
    }
}

/// How many codes `body` needs besides those that take a zero's place.
fn codes_added(body: &[u8]) -> usize {
    let last = memrchr(0, body).map_or(0, |zero| zero + 1);
    let runs = body[..last].split(|byte| *byte == 0).map(|run| run.len() / RUN);
    // At the end of the frame, no code needs to follow a full run.
    runs.sum::<usize>() + body[last..].len().saturating_sub(1) / RUN
}

/// Puts codes in place of the zeros of `bytes[..end]`, of which the first byte is one, and in front of what lies behind each
/// full run, such that all of `bytes` is filled. It goes from the end, so that nothing is overwritten before it is moved.
fn stuff(bytes: &mut [u8], end: usize) {
    let (mut read, mut write) = (end, bytes.len());
    let mut is_last = true;
    while let Some(zero) = memrchr(0, &bytes[..read]) {
        let run = read - zero - 1;
        let full = if is_last {
            run.saturating_sub(1) / RUN
        } else {
            run / RUN
        };
        let mut block = run - full * RUN;
        for _ in 0..=full {
            let start = read - block;
            write -= block;
            bytes.copy_within(start..read, write);
            write -= 1;
            bytes[write] = u8::try_from(block + 1).expect("a block is at most 254 bytes");
            read = start;
            block = RUN;
        }
        read = zero;
        is_last = false;
    }
}

/// What can be wrong with a frame in COBS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CobsError {
    /// The frame is longer than allowed.
    #[error("frame is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A code covers more bytes than there are.
    #[error("code {code} at byte {at} goes beyond the end of the frame")]
    Code {
        /// The code.
        code: u8,
        /// Where it is, from the start of the encoded frame.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deframer;

    fn encoded(frame: &[u8]) -> Vec<u8> {
        let mut dst = WriteBuf::new();
        dst.put_u8(b'|');
        Cobs::new().encode(frame, &mut dst).unwrap();
        dst.to_vec()[1..].to_vec()
    }

    /// The encoder of the paper, which goes from the front.
    fn reference(frame: &[u8]) -> Vec<u8> {
        let mut out = vec![0];
        let (mut code_at, mut code) = (0, 1_u8);
        for (index, byte) in frame.iter().enumerate() {
            if *byte != 0 {
                out.push(*byte);
                code += 1;
            }
            if *byte == 0 || (code == FULL && index + 1 < frame.len()) {
                out[code_at] = code;
                code_at = out.len();
                out.push(0);
                code = 1;
            }
        }
        out[code_at] = code;
        out.push(0);
        out
    }

    #[test]
    fn examples_of_the_paper_come_out_as_printed() {
        assert_eq!(encoded(b""), b"\x01\0");
        assert_eq!(encoded(b"\0"), b"\x01\x01\0");
        assert_eq!(encoded(b"\0\x11\0"), b"\x01\x02\x11\x01\0");
        assert_eq!(encoded(b"\x11\x22\0\x33"), b"\x03\x11\x22\x02\x33\0");
    }

    #[test]
    fn runs_around_the_longest_block_round_trip() {
        for before in [0, 1, 253, 254, 255, 508, 509, 763] {
            for after in [None, Some(0), Some(1), Some(254), Some(255), Some(508)] {
                let mut frame = vec![7; before];
                if let Some(after) = after {
                    frame.push(0);
                    frame.extend(vec![9; after]);
                }
                let bytes = encoded(&frame);
                assert_eq!(bytes, reference(&frame), "{before} and {after:?}");
                let mut deframer = Deframer::new(Cobs::new());
                deframer.push(&bytes);
                assert_eq!(deframer.next_ref().unwrap().unwrap(), frame);
            }
        }
    }

    #[test]
    fn a_code_beyond_the_frame_is_an_error_that_says_where() {
        let mut deframer = Deframer::new(Cobs::new());
        deframer.push(b"\0\0\x02a\0\x02a\x05b\0next");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), b"a");
        let error = deframer.next_ref().unwrap_err();
        assert_eq!((error.offset(), &error.unread()[..]), (5, &b"next"[..]));
        assert_eq!(error.fault().malformed(), Some(&CobsError::Code { code: 5, at: 2 }));
    }

    #[test]
    fn limits_hold_both_ways() {
        let mut codec = Cobs::new().max_len(300);
        let too_long = CobsError::TooLong { limit: 300 };
        assert_eq!(codec.encode([1; 301], &mut WriteBuf::new()), Err(too_long));
        assert_eq!(codec.find(&[1; 303]), Err(too_long));
        let mut bytes = encoded(&[1; 301]);
        assert_eq!(codec.clone().find(&bytes), Err(too_long));
        bytes = encoded(&[0; 301]);
        let span = Cobs::new().find(&bytes).unwrap().unwrap();
        assert_eq!(codec.unescape(&mut bytes[span.payload()]), Err(too_long));
    }
}
