//! Frames that end with a line break.

use std::str::Utf8Error;

use bytes::BytesMut;
use memchr::memchr;
use thiserror::Error;

use crate::{BorrowDecoder, Decoder, Encoder, Framing, Payload, Span, WriteBuf};

/// The longest line, unless set otherwise: 64 KiB, without its line break.
const MAX_LINE: usize = 64 * 1024;

/// Lines of UTF-8 text: `String`, or `&str` without a copy.
///
/// A line ends with LF or CRLF, neither of which is part of the frame. A last line without an ending is an error, since
/// nobody can tell whether it is whole. Lines are at most 64 KiB long, unless [set otherwise](Self::max_len).
///
/// Written lines end with LF. A line with a line break in it is refused: the peer would see two.
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
}

impl BorrowDecoder for Lines {
    type Frame<'a> = &'a str;
    type Error = LinesError;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        self.bytes.find(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<&'a str, LinesError> {
        Ok(std::str::from_utf8(frame)?)
    }
}

impl Decoder for Lines {
    type Item = String;
    type Error = LinesError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<String>, LinesError> {
        let Some(span) = self.bytes.find(src)? else {
            return Ok(None);
        };
        let line = std::str::from_utf8(&src[span.payload()])?.to_owned();
        bytes::Buf::advance(src, span.len());
        Ok(Some(line))
    }
}

impl<T: Payload + AsRef<str>> Encoder<T> for Lines {
    type Error = LinesError;

    #[inline]
    fn encode(&mut self, item: T, dst: &mut WriteBuf) -> Result<(), LinesError> {
        self.bytes.encode(item, dst)
    }
}

/// As [`Lines`], of any bytes.
#[derive(Debug, Clone)]
pub struct ByteLines {
    max_len: usize,
    /// How far the current line was searched for its end.
    searched: usize,
}

impl ByteLines {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LINE,
            searched: 0,
        }
    }

    /// Sets how long a line may be, in bytes without its line break; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }
}

impl Default for ByteLines {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for ByteLines {
    type Error = LinesError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        if let Some(found) = memchr(b'\n', &src[self.searched..]) {
            let line_feed = self.searched + found;
            let carriage_return = line_feed > 0 && src[line_feed - 1] == b'\r';
            let end = line_feed - usize::from(carriage_return);
            if end <= self.max_len {
                self.searched = 0;
                return Ok(Some(Span::new(0..end, line_feed + 1)));
            }
        } else {
            self.searched = src.len();
            // The last byte may turn out to be the `\r` of the line break.
            if src.len() <= self.max_len.saturating_add(1) {
                return Ok(None);
            }
        }
        Err(LinesError::TooLong { limit: self.max_len })
    }
}

impl<P: Payload> Encoder<P> for ByteLines {
    type Error = LinesError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), LinesError> {
        let line: &[u8] = item.as_ref();
        if line.len() > self.max_len {
            return Err(LinesError::TooLong { limit: self.max_len });
        }
        if let Some(at) = memchr(b'\n', line) {
            return Err(LinesError::LineBreak { at });
        }
        item.put(dst);
        dst.put_u8(b'\n');
        Ok(())
    }
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinesError {
    /// The line is longer than allowed.
    #[error("line is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The line is not UTF-8.
    #[error("line is not UTF-8 text")]
    NotUtf8(#[from] Utf8Error),
    /// A line to be written has a line break in it.
    #[error("line to be sent has a line break at byte {at}")]
    LineBreak {
        /// Where it is, from the start of the line.
        at: usize,
    },
}
