//! Frames that carry their length.

mod error;
mod length;
#[cfg(test)]
mod tests;

pub use self::error::LengthError;
use crate::write_buf::UNCOPIED;
use crate::{Enclose, Encoder, Framing, Glance, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 1 MiB.
const MAX_LEN: u32 = 1024 * 1024;

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
    // Each direction of each connection has a copy of all this, so what can be is small.
    max_len: u32,
    adjustment: i32,
    offset: u32,
    /// How many bytes are dropped from the front of a frame; [`THE_LENGTH`] for those up to its end.
    skip: u32,
    /// If all else is as it is unless set otherwise: one more than the limit. Worked out once rather than for each frame.
    default_limit: u32,
    /// One more than the longest frame that is encoded at a glance.
    short_limit: u16,
    width: u8,
    little_endian: bool,
}

/// Stands for as many bytes as there are up to the end of the length.
const THE_LENGTH: u32 = u32::MAX;

impl LengthDelimited {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LEN,
            adjustment: 0,
            offset: 0,
            skip: THE_LENGTH,
            default_limit: 0,
            short_limit: 0,
            width: 4,
            little_endian: false,
        }
        .noting_limits()
    }

    /// Sets how long a frame may be, in bytes, without those that are skipped; 1 MiB unless set. A limit beyond 4 GiB is one of 4 GiB
    /// less a byte.
    ///
    /// A frame has to fit into the buffer it is received in as well, which is 2 MiB unless [`Deframer::max_buffered`] or the like of it
    /// of `Framed` sets more.
    ///
    /// [`Deframer::max_buffered`]: crate::Deframer::max_buffered
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        const MOST: u32 = u32::MAX;
        #[expect(clippy::cast_possible_truncation, reason = "what would be cut off was asked for")]
        let bytes = if bytes < MOST as usize { bytes as u32 } else { MOST };
        self.max_len = bytes;
        self.noting_limits()
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
        self.noting_limits()
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
        self.noting_limits()
    }

    /// The least significant byte of the length comes first; the most significant one unless set.
    #[must_use]
    pub const fn little_endian(mut self) -> Self {
        self.little_endian = true;
        self.noting_limits()
    }

    /// Sets what to add to a length to get the number of bytes that follow it; 0 unless set.
    ///
    /// For a length that counts the header as well, that is minus the length of the header.
    #[must_use]
    pub const fn adjustment(mut self, bytes: i32) -> Self {
        self.adjustment = bytes;
        self.noting_limits()
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
        self.noting_limits()
    }

    /// Hands out frames with all that comes before and in the length; the same as [`skip(0)`](Self::skip).
    #[must_use]
    pub const fn keep_header(self) -> Self {
        self.skip(0)
    }

    const fn noting_limits(mut self) -> Self {
        let skips_default = matches!(self.skip, THE_LENGTH | 4);
        let is_default =
            self.offset == 0 && self.width == 4 && self.adjustment == 0 && !self.little_endian && skips_default;
        // At the most there can be, the longest frame takes a closer look.
        self.default_limit = if is_default { self.max_len.saturating_add(1) } else { 0 };
        #[expect(clippy::cast_possible_truncation, reason = "the lesser of the two is a few thousand")]
        let short_limit = if self.default_limit < UNCOPIED as u32 {
            self.default_limit as u16
        } else {
            UNCOPIED as u16
        };
        self.short_limit = short_limit;
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

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), LengthError> {
        match self.encode_at_a_glance(item, dst) {
            Ok(()) => Ok(()),
            Err(item) => self.encode_any(item, dst),
        }
    }

    /// A short frame with the settings that most people use.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn encode_at_a_glance(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), P> {
        let body = item.as_ref();
        #[expect(clippy::cast_possible_truncation, reason = "what is not that short is not taken")]
        let header = (body.len() as u32).to_be_bytes();
        if body.len() < usize::from(self.short_limit) && dst.put_slices_in_place(&header, body) {
            return Ok(());
        }
        Err(item)
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
