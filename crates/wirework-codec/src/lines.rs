//! Frames that end with a line break, of text.

use std::str::Utf8Error;

use bytes::BytesMut;

use crate::borrow_decoder::{decode_in_place, decode_owned};
use crate::{BorrowDecoder, ByteLines, Decoder, Encoder, Framing, LinesError, Payload, ReadBuf, Span, WriteBuf};

/// Lines of UTF-8 text: `String`, or `&str` without a copy.
///
/// A line ends with LF or CRLF, neither of which is part of the frame, and is written with LF; [`crlf`](Self::crlf) and
/// [`strict`](Self::strict) change that. A last line without an ending is an error, since nobody can tell whether it is
/// whole, unless [allowed](Self::allow_unterminated). Lines are at most 64 KiB long, unless [set otherwise](Self::max_len).
///
/// A line that would be read back as something else is refused by the encoder: the peer would see two lines for one.
///
/// For any bytes see [`ByteLines`]; to go on after a bad line, [`RecoveringLines`](crate::RecoveringLines).
///
/// ```
/// use wirework_codec::{Deframer, Encoder, Lines, WriteBuf};
///
/// let mut deframer = Deframer::new(Lines::new());
/// deframer.push("grüß\r\ngott\n".as_bytes());
/// assert_eq!(deframer.next_ref()?, Some("grüß"));
/// assert_eq!(deframer.next_ref()?, Some("gott"));
///
/// let mut out = WriteBuf::new();
/// Lines::new().encode("hello", &mut out)?;
/// assert_eq!(out.to_vec(), b"hello\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Lines {
    bytes: ByteLines,
}

impl Lines {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: ByteLines::new(),
        }
    }

    /// Sets how long a line may be, in bytes without its line break; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.bytes = self.bytes.max_len(bytes);
        self
    }

    /// Writes CRLF after each line; LF unless set. Either is read, unless [`strict`](Self::strict).
    #[must_use]
    pub const fn crlf(mut self) -> Self {
        self.bytes = self.bytes.crlf();
        self
    }

    /// Reads only the ending that is written; see [`ByteLines::strict`].
    #[must_use]
    pub const fn strict(mut self) -> Self {
        self.bytes = self.bytes.strict();
        self
    }

    /// Takes what is left at the end of the stream for a line; an error unless set.
    #[must_use]
    pub const fn allow_unterminated(mut self) -> Self {
        self.bytes = self.bytes.allow_unterminated();
        self
    }
}

impl BorrowDecoder for Lines {
    type Frame<'a> = &'a str;
    type Error = LinesError;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        self.bytes.find(src)
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        self.bytes.find_eof(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<&'a str, LinesError> {
        Ok(text(frame)?)
    }
}

/// A line as text. Checked by a library that takes many bytes at a time; what is wrong is std's to say.
#[inline]
fn text(line: &[u8]) -> Result<&str, Utf8Error> {
    simdutf8::basic::from_utf8(line).or_else(|_| str::from_utf8(line))
}

impl Decoder for Lines {
    type Item = String;
    type Error = LinesError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<String>, LinesError> {
        decode_owned(self, src, false, str::to_owned)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<String>, LinesError> {
        decode_owned(self, src, true, str::to_owned)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<String>, LinesError> {
        decode_in_place(self, src, is_ended, str::to_owned)
    }

    #[inline]
    fn cuts(&self) -> bool {
        true
    }

    #[inline]
    fn find_cut(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        self.bytes.find(src)
    }

    #[inline]
    fn copies(&self, _: usize) -> bool {
        true
    }

    #[inline]
    fn copy(&mut self, frame: &[u8]) -> Result<String, LinesError> {
        Ok(text(frame)?.to_owned())
    }
}

impl<T: Payload + AsRef<str>> Encoder<T> for Lines {
    type Error = LinesError;

    #[inline]
    fn encode(&mut self, item: T, dst: &mut WriteBuf) -> Result<(), LinesError> {
        self.bytes.encode(item, dst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deframer, Fault};

    #[test]
    fn text_that_is_not_utf8_is_an_error_that_says_where() {
        let mut deframer = Deframer::new(Lines::new());
        deframer.push(b"fine\nab\xffc\nnever read\n");
        assert_eq!(deframer.next().unwrap().unwrap(), "fine");
        let error = deframer.next().unwrap_err();
        assert_eq!((error.offset(), &error.unread()[..]), (5, &b"never read\n"[..]));
        match error.fault() {
            Fault::Malformed(LinesError::NotUtf8(source)) => assert_eq!(source.valid_up_to(), 2),
            fault => panic!("{fault:?}"),
        }
    }

    #[test]
    fn settings_reach_the_bytes() {
        let mut codec = Lines::new().crlf().strict().allow_unterminated().max_len(5);
        let mut dst = WriteBuf::new();
        codec.encode("a", &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"a\r\n");
        assert_eq!(codec.encode("abcdef", &mut dst), Err(LinesError::TooLong { limit: 5 }));
        let mut deframer = Deframer::new(codec);
        deframer.push(b"a\r\nb");
        deframer.finish();
        assert_eq!(deframer.next_ref().unwrap(), Some("a"));
        assert_eq!(deframer.next_ref().unwrap(), Some("b"));
        assert_eq!(deframer.next_ref().unwrap(), None);
    }
}
