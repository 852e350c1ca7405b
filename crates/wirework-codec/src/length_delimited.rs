//! Frames that carry their length.

use thiserror::Error;

use crate::write_buf::UNCOPIED;
use crate::{Enclose, Encoder, Framing, Glance, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 1 MiB.
const MAX_LEN: usize = 1024 * 1024;

/// Frames behind a length: four bytes, the most significant first, unless set otherwise.
///
/// On the wire a frame is `offset` bytes of anything, the length in `width` bytes, and as many bytes as the length says, plus
/// the [adjustment](Self::adjustment). Of these the decoder drops the first [`skip`](Self::skip) bytes, which are those up to
/// and including the length unless set otherwise. The encoder mirrors it: what it writes is `skip` bytes of zero, then the
/// item, with the length filled in where it belongs, so that whatever is decoded can be encoded again.
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
///
/// // A type byte, then a length of two bytes that counts the whole frame; the frames include both.
/// let mut tagged = LengthDelimited::new().offset(1).width(2).adjustment(-3).keep_header();
/// let mut out = WriteBuf::new();
/// tagged.encode(b"T\0\0hi", &mut out)?;
/// assert_eq!(out.to_vec(), b"T\0\x05hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LengthDelimited {
    max_len: usize,
    adjustment: i64,
    // Each direction of each connection has a copy of all this, so what can be is small.
    offset: u32,
    /// How many bytes are dropped from the front of a frame, if that is `skips_set`; else those up to the end of the length.
    skip: u32,
    skips_set: bool,
    width: u8,
    little_endian: bool,
    /// If all else is as it is unless set otherwise: one more than the limit. Worked out once rather than for each frame.
    default_limit: u32,
}

impl LengthDelimited {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LEN,
            adjustment: 0,
            offset: 0,
            skip: 0,
            skips_set: false,
            width: 4,
            little_endian: false,
            default_limit: default_limit(MAX_LEN),
        }
    }

    /// Sets how long a frame may be, in bytes, without those that are skipped; 1 MiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self.noting_default()
    }

    /// Sets how many bytes of a frame come before its length; 0 unless set.
    ///
    /// # Panics
    /// Panics beyond 64 KiB: that is not a header.
    #[must_use]
    pub const fn offset(mut self, bytes: usize) -> Self {
        assert!(bytes <= 64 * 1024, "a length lies within the first 64 KiB of its frame");
        #[expect(clippy::cast_possible_truncation, reason = "at most 64 KiB were let pass")]
        let bytes = bytes as u32;
        self.offset = bytes;
        self.noting_default()
    }

    /// Sets how many bytes the length takes, 1 to 8; 4 unless set.
    ///
    /// # Panics
    /// Panics if it is none of these.
    #[must_use]
    pub const fn width(mut self, bytes: usize) -> Self {
        assert!(1 <= bytes && bytes <= 8, "a length takes 1 to 8 bytes");
        #[expect(clippy::cast_possible_truncation, reason = "at most 8 were let pass")]
        let bytes = bytes as u8;
        self.width = bytes;
        self.noting_default()
    }

    /// The least significant byte of the length comes first; the most significant one unless set.
    #[must_use]
    pub const fn little_endian(mut self) -> Self {
        self.little_endian = true;
        self.noting_default()
    }

    /// Sets what to add to a length to get the number of bytes that follow it; 0 unless set.
    ///
    /// For a length that counts the header as well, that is minus the length of the header.
    #[must_use]
    pub const fn adjustment(mut self, bytes: i64) -> Self {
        self.adjustment = bytes;
        self.noting_default()
    }

    /// Sets how many bytes are dropped from the front of a frame; those up to and including the length unless set.
    ///
    /// # Panics
    /// Panics beyond 64 KiB: that is not a header.
    #[must_use]
    pub const fn skip(mut self, bytes: usize) -> Self {
        assert!(bytes <= 64 * 1024, "a header takes at most 64 KiB");
        #[expect(clippy::cast_possible_truncation, reason = "at most 64 KiB were let pass")]
        let bytes = bytes as u32;
        self.skip = bytes;
        self.skips_set = true;
        self.noting_default()
    }

    /// Hands out frames with all that comes before and in the length; the same as [`skip(0)`](Self::skip).
    #[must_use]
    pub const fn keep_header(self) -> Self {
        self.skip(0)
    }

    const fn noting_default(mut self) -> Self {
        let skips_default = !self.skips_set || self.skip == 4;
        let is_default =
            self.offset == 0 && self.width == 4 && self.adjustment == 0 && !self.little_endian && skips_default;
        self.default_limit = if is_default { default_limit(self.max_len) } else { 0 };
        self
    }

    /// Where the length ends.
    fn header(&self) -> usize {
        self.offset as usize + usize::from(self.width)
    }

    /// How many bytes are dropped from the front of a frame.
    fn skipped(&self) -> usize {
        if self.skips_set {
            self.skip as usize
        } else {
            self.header()
        }
    }

    /// Where a frame starts and ends, whatever the settings.
    #[inline(never)]
    fn find_any(&self, src: &[u8]) -> Result<Option<(usize, usize)>, LengthError> {
        let Some(field) = src.get(self.offset as usize..self.header()) else {
            return Ok(None);
        };
        let len = self.frame_len(self.read(field))?;
        let start = self.skipped();
        // `checked` for a limit near `usize::MAX`: such a frame never is complete.
        let end = start.checked_add(len).filter(|end| *end <= src.len());
        Ok(end.map(|end| (start, end)))
    }

    /// How long the frame is that has this length, without what is skipped.
    fn frame_len(&self, length: u64) -> Result<usize, LengthError> {
        // What of the header is handed out counts, and so does what the length leaves out.
        #[expect(
            clippy::cast_possible_wrap,
            reason = "each of the two is at most 64 KiB and a few bytes"
        )]
        let bias = self
            .adjustment
            .saturating_add(self.header() as i64 - self.skipped() as i64);
        let shortest = self.header().saturating_sub(self.skipped()) as u64;
        if let Some(len) = length.checked_add_signed(bias)
            && len >= shortest
            && len <= self.max_len as u64
            && let Ok(len) = usize::try_from(len)
        {
            return Ok(len);
        }
        Err(self.refuse(length))
    }

    /// What is wrong with a length.
    #[cold]
    fn refuse(&self, length: u64) -> LengthError {
        let rest = i128::from(length) + i128::from(self.adjustment);
        let len = rest + self.header() as i128 - self.skipped() as i128;
        if rest < 0 || len < 0 {
            return LengthError::TooShort { length };
        }
        LengthError::TooLong {
            len: u64::try_from(len).unwrap_or(u64::MAX),
            limit: self.max_len,
        }
    }

    /// What to write as the length of a frame of `total` bytes.
    fn length(&self, total: usize) -> Result<u64, LengthError> {
        let len = (total - self.skipped()) as u64;
        if len > self.max_len as u64 {
            return Err(LengthError::TooLong {
                len,
                limit: self.max_len,
            });
        }
        let Some(rest) = (total as u64).checked_sub(self.header() as u64) else {
            return Err(LengthError::NoHeader {
                len: total,
                header: self.header(),
            });
        };
        let fits = |length: &u64| self.width == 8 || *length < 1 << (8 * u32::from(self.width));
        let length = self
            .adjustment
            .checked_neg()
            .and_then(|back| rest.checked_add_signed(back));
        length.filter(fits).ok_or(LengthError::Unwritable {
            len,
            width: usize::from(self.width),
        })
    }

    fn read(&self, field: &[u8]) -> u64 {
        let shift_in = |length: u64, byte: &u8| length << 8 | u64::from(*byte);
        if self.little_endian {
            field.iter().rev().fold(0, shift_in)
        } else {
            field.iter().fold(0, shift_in)
        }
    }

    fn write(&self, length: u64, mark: Mark, dst: &mut WriteBuf) {
        let (offset, width) = (self.offset as usize, usize::from(self.width));
        if self.little_endian {
            dst.patch_at(mark, offset, &length.to_le_bytes()[..width]);
        } else {
            dst.patch_at(mark, offset, &length.to_be_bytes()[8 - width..]);
        }
    }
}

/// One more than the limit, as far as that is possible: beyond it, a frame is not taken the short way.
const fn default_limit(max_len: usize) -> u32 {
    if max_len < u32::MAX as usize {
        #[expect(clippy::cast_possible_truncation, reason = "what would be cut off was asked for")]
        let max_len = max_len as u32;
        max_len + 1
    } else {
        u32::MAX
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
        if let Glance::Frame(span) = self.glance_at(src) {
            return Ok(Some(span));
        }
        let found = self.find_any(src)?;
        Ok(found.map(|(start, end)| Span::new(start..end, end)))
    }

    /// With the settings that most people use, in as few instructions as a loop written by hand takes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn glance_at(&self, src: &[u8]) -> Glance {
        if let Some((header, rest)) = src.split_first_chunk() {
            let len = u32::from_be_bytes(*header);
            let is_simple = len < self.default_limit;
            let len = len as usize;
            if is_simple && len <= rest.len() {
                return Glance::Frame(Span::new(4..4 + len, 4 + len));
            }
        }
        Glance::Unclear
    }
}

impl LengthDelimited {
    /// Appends a frame with any settings, and of any length.
    #[inline(never)]
    fn encode_any(&self, item: impl Payload, dst: &mut WriteBuf) -> Result<(), LengthError> {
        let skipped = self.skipped();
        let length = self.length(skipped.saturating_add(item.as_ref().len()))?;
        let mark = dst.mark();
        dst.put_zeros(skipped);
        if skipped >= self.header() {
            self.write(length, mark, dst);
            item.put(dst);
        } else {
            // The length lies in the item, which must be a copy to be changed.
            dst.put_slice(item.as_ref());
            self.write(length, mark, dst);
        }
        Ok(())
    }
}

impl<P: Payload> Encoder<P> for LengthDelimited {
    type Error = LengthError;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), LengthError> {
        let body = item.as_ref();
        if body.len() < UNCOPIED
            && let Ok(header) = u32::try_from(body.len())
            && header < self.default_limit
        {
            dst.put_slices(&header.to_be_bytes(), body);
            return Ok(());
        }
        self.encode_any(item, dst)
    }
}

impl Enclose for LengthDelimited {
    type Error = LengthError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        let mark = dst.mark();
        dst.put_zeros(self.skipped());
        mark
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), LengthError> {
        let length = self.length(dst.since(mark))?;
        self.write(length, mark, dst);
        Ok(())
    }
}

/// What can be wrong with a frame that carries its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The frame is longer than allowed.
    #[error("frame of {len} bytes is longer than the limit of {limit} bytes")]
    TooLong {
        /// How long the frame is, in bytes, without those that are skipped.
        len: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The length is less than the header that it counts or that is skipped.
    #[error("length of {length} is less than the header")]
    TooShort {
        /// What the length says.
        length: u64,
    },
    /// A frame to be written, whose header is part of it, is shorter than the header.
    #[error("frame of {len} bytes has no room for the header of {header} bytes")]
    NoHeader {
        /// How long the frame is, in bytes.
        len: usize,
        /// How long the header is, in bytes.
        header: usize,
    },
    /// The length of a frame to be written is negative or too large for its bytes.
    #[error("length of a frame of {len} bytes cannot be written in {width} bytes")]
    Unwritable {
        /// How long the frame is, in bytes.
        len: u64,
        /// How many bytes the length takes.
        width: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deframer, Fault};

    fn encoded(mut codec: LengthDelimited, item: &[u8]) -> Result<Vec<u8>, LengthError> {
        let mut dst = WriteBuf::new();
        codec.encode(item, &mut dst).map(|()| dst.to_vec())
    }

    fn decoded(codec: LengthDelimited, bytes: &[u8]) -> Result<Vec<u8>, LengthError> {
        let mut deframer = Deframer::new(codec);
        deframer.push(bytes);
        match deframer.next_ref() {
            Ok(frame) => Ok(frame.expect("the frame is complete").to_vec()),
            Err(error) => match error.into_fault() {
                Fault::Malformed(error) => Err(error),
                fault => panic!("{fault:?}"),
            },
        }
    }

    #[test]
    fn every_setting_round_trips() {
        for offset in [0, 1, 5] {
            for width in 1..=8 {
                for adjustment in [-9, -2, 0, 3] {
                    for skip in [None, Some(0), Some(2), Some(10), Some(17)] {
                        let mut codec = LengthDelimited::new()
                            .offset(offset)
                            .width(width)
                            .adjustment(adjustment);
                        if let Some(skip) = skip {
                            codec = codec.skip(skip);
                        }
                        for codec in [codec.clone(), codec.little_endian()] {
                            round_trip(&codec);
                        }
                    }
                }
            }
        }
    }

    fn round_trip(codec: &LengthDelimited) {
        let bytes = encoded(codec.clone(), &[7; 40]).unwrap();
        let frame = decoded(codec.clone(), &bytes).unwrap();
        assert_eq!(frame.len(), 40, "{codec:?}");
        assert_eq!(encoded(codec.clone(), &frame).unwrap(), bytes, "{codec:?}");
    }

    #[test]
    fn the_bytes_on_the_wire_are_as_documented() {
        let codec = LengthDelimited::new().width(3).little_endian();
        assert_eq!(encoded(codec, b"hi").unwrap(), b"\x02\0\0hi");
        let codec = LengthDelimited::new().offset(2).width(1).adjustment(-3);
        assert_eq!(encoded(codec, b"hi").unwrap(), b"\0\0\x05hi");
        let codec = LengthDelimited::new().offset(1).width(2).adjustment(1).skip(4);
        assert_eq!(encoded(codec, b"hi").unwrap(), b"\0\0\x02\0hi");
    }

    #[test]
    fn the_limit_counts_what_is_handed_out() {
        let whole = LengthDelimited::new().width(2).adjustment(-2).max_len(3);
        assert_eq!(decoded(whole.clone(), b"\0\x05abc").unwrap(), b"abc");
        let too_long = LengthError::TooLong { len: 4, limit: 3 };
        assert_eq!(decoded(whole.clone(), b"\0\x06"), Err(too_long));
        assert_eq!(encoded(whole, b"abcd"), Err(too_long));
        let kept = LengthDelimited::new().width(2).keep_header().max_len(3);
        assert_eq!(decoded(kept.clone(), b"\0\x01a").unwrap(), b"\0\x01a");
        assert_eq!(decoded(kept, b"\0\x02ab"), Err(too_long));
        let added = LengthDelimited::new().width(1).adjustment(10).max_len(9);
        assert_eq!(decoded(added, b"\0"), Err(LengthError::TooLong { len: 10, limit: 9 }));
    }

    #[test]
    fn lengths_at_the_edges_of_arithmetic_are_errors() {
        let eight = LengthDelimited::new().width(8);
        let error = LengthError::TooLong {
            len: u64::MAX,
            limit: MAX_LEN,
        };
        assert_eq!(decoded(eight.clone(), &[0xff; 8]), Err(error));
        assert_eq!(decoded(eight.clone().adjustment(i64::MAX), &[0xff; 8]), Err(error));
        assert_eq!(decoded(eight.clone().keep_header(), &[0xff; 8]), Err(error));
        let mut unlimited = Deframer::new(eight.clone().max_len(usize::MAX).skip(9));
        unlimited.push(&[0xff; 8]);
        assert!(unlimited.next_ref().unwrap().is_none());
        assert_eq!(
            decoded(eight.clone().adjustment(i64::MIN), &[0; 8]),
            Err(LengthError::TooShort { length: 0 })
        );
        assert_eq!(
            decoded(eight.skip(9), &[0; 8]),
            Err(LengthError::TooShort { length: 0 })
        );
        let whole = LengthDelimited::new().width(1).adjustment(-1);
        assert_eq!(decoded(whole, &[0]), Err(LengthError::TooShort { length: 0 }));
    }

    #[test]
    fn a_length_that_cannot_be_written_is_an_error() {
        let codec = LengthDelimited::new().width(1);
        assert_eq!(encoded(codec.clone(), &[0; 255]).unwrap().len(), 256);
        assert_eq!(
            encoded(codec.clone(), &[0; 256]),
            Err(LengthError::Unwritable { len: 256, width: 1 })
        );
        assert_eq!(
            encoded(codec.clone().adjustment(9), b"abc"),
            Err(LengthError::Unwritable { len: 3, width: 1 })
        );
        assert_eq!(
            encoded(codec.clone().adjustment(i64::MIN), b"abc"),
            Err(LengthError::Unwritable { len: 3, width: 1 })
        );
        assert_eq!(
            encoded(codec.offset(3).keep_header(), b"abc"),
            Err(LengthError::NoHeader { len: 3, header: 4 })
        );
    }

    #[test]
    fn a_body_written_in_place_gets_its_length() {
        let mut codec = LengthDelimited::new().max_len(6);
        let mut dst = WriteBuf::new();
        let mark = codec.open(&mut dst);
        dst.put_slice(b"in ");
        dst.put_slice(b"two");
        codec.close(mark, &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"\0\0\0\x06in two");
        let mark = codec.open(&mut dst);
        dst.put_slice(b"too long");
        assert_eq!(
            codec.close(mark, &mut dst),
            Err(LengthError::TooLong { len: 8, limit: 6 })
        );
    }
}
