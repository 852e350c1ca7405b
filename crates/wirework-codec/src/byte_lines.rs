//! Frames that end with a line break, of any bytes.

use std::str::Utf8Error;

use memchr::memchr;
use thiserror::Error;

use crate::scan::Scan;
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest line, unless set otherwise: 64 KiB, without its line break.
const MAX_LINE: usize = 64 * 1024;

/// Lines of any bytes: [`Frame`](crate::Frame)s, or `&[u8]` without a copy.
///
/// A line ends with LF or CRLF, neither of which is part of the frame, and is written with LF; [`crlf`](Self::crlf) and
/// [`strict`](Self::strict) change that. A last line without an ending is an error, since nobody can tell whether it is
/// whole, unless [allowed](Self::allow_unterminated). Lines are at most 64 KiB long, unless [set otherwise](Self::max_len).
///
/// A line that would be read back as something else is refused by the encoder: the peer would see two lines for one.
///
/// For text see [`Lines`](crate::Lines); to go on after a bad line, [`RecoveringLines`](crate::RecoveringLines).
///
/// ```
/// use wirework_codec::{ByteLines, Deframer};
///
/// let mut deframer = Deframer::new(ByteLines::new());
/// deframer.push(b"\xff\xfe\r\nsecond\n");
/// assert_eq!(deframer.next_ref()?, Some(&b"\xff\xfe"[..]));
/// assert_eq!(deframer.next_ref()?, Some(&b"second"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ByteLines {
    max_len: usize,
    ending: Ending,
    allow_unterminated: bool,
    scan: Scan,
}

/// What is written after a line, and what is read as its end: either of the two, or that only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Lf,
    LfOnly,
    Crlf,
    CrlfOnly,
}

impl ByteLines {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_len: MAX_LINE,
            ending: Ending::Lf,
            allow_unterminated: false,
            scan: Scan::new(),
        }
    }

    /// Sets how long a line may be, in bytes without its line break; 64 KiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Writes CRLF after each line; LF unless set. Either is read, unless [`strict`](Self::strict).
    #[must_use]
    pub const fn crlf(mut self) -> Self {
        self.ending = match self.ending {
            Ending::Lf | Ending::Crlf => Ending::Crlf,
            Ending::LfOnly | Ending::CrlfOnly => Ending::CrlfOnly,
        };
        self
    }

    /// Reads only the ending that is written. With LF, a CR before it is part of the line; with CRLF, an LF without a CR is an
    /// error, since two readers that disagree on it would see different messages.
    #[must_use]
    pub const fn strict(mut self) -> Self {
        self.ending = match self.ending {
            Ending::Lf | Ending::LfOnly => Ending::LfOnly,
            Ending::Crlf | Ending::CrlfOnly => Ending::CrlfOnly,
        };
        self
    }

    /// Takes what is left at the end of the stream for a line; an error unless set.
    #[must_use]
    pub const fn allow_unterminated(mut self) -> Self {
        self.allow_unterminated = true;
        self
    }

    /// Forgets how far the current line was searched: what comes next is the start of another.
    pub(crate) fn restart(&mut self) {
        self.scan = Scan::new();
    }

    /// Whether CR before LF is part of the line break.
    #[inline]
    fn takes_cr(&self) -> bool {
        self.ending != Ending::LfOnly
    }

    /// How many bytes there can be without a line feed: the last one may turn out to be the `\r` of the line break.
    #[inline]
    fn longest(&self) -> usize {
        self.max_len.saturating_add(usize::from(self.takes_cr()))
    }

    /// Where the line ends that has its line feed at `line_feed`.
    #[inline(never)]
    fn line_end(&self, src: &[u8], line_feed: usize) -> Result<usize, LinesError> {
        let carriage_return = line_feed > 0 && src[line_feed - 1] == b'\r';
        let end = line_feed - usize::from(carriage_return && self.takes_cr());
        // First what would have been an error before the line feed came.
        if line_feed <= self.longest() && self.ending == Ending::CrlfOnly && !carriage_return {
            return Err(LinesError::LineBreak { at: line_feed });
        }
        if end > self.max_len {
            return Err(LinesError::TooLong { limit: self.max_len });
        }
        Ok(end)
    }

    /// Fails unless `line` is read back as it is.
    fn check(&self, line: &[u8]) -> Result<(), LinesError> {
        if line.len() > self.max_len {
            return Err(LinesError::TooLong { limit: self.max_len });
        }
        if has_line_feed(line) {
            let at = memchr(b'\n', line).unwrap_or_default();
            return Err(LinesError::LineBreak { at });
        }
        match line {
            [rest @ .., b'\r'] if self.ending == Ending::Lf => Err(LinesError::LineBreak { at: rest.len() }),
            _ => Ok(()),
        }
    }

    #[inline]
    fn put_line_break(&self, dst: &mut WriteBuf) {
        match self.ending {
            Ending::Lf | Ending::LfOnly => dst.put_u8(b'\n'),
            Ending::Crlf | Ending::CrlfOnly => dst.put_slice(b"\r\n"),
        }
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
        if let Some(line_feed) = self.scan.find(b'\n', src) {
            // First the way of most lines, which is short enough to be inlined.
            let before = line_feed.checked_sub(1).map_or(0, |at| src[at]);
            if before != b'\r' && line_feed <= self.max_len && self.ending != Ending::CrlfOnly {
                return Ok(Some(Span::new(0..line_feed, line_feed + 1)));
            }
            let end = self.line_end(src, line_feed)?;
            return Ok(Some(Span::new(0..end, line_feed + 1)));
        }
        if src.len() > self.longest() {
            return Err(LinesError::TooLong { limit: self.max_len });
        }
        Ok(None)
    }

    fn find_eof(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        let span = self.find(src)?;
        if span.is_some() || src.is_empty() || !self.allow_unterminated {
            return Ok(span);
        }
        let half_a_line_break = src.ends_with(b"\r") && self.takes_cr();
        let end = src.len() - usize::from(half_a_line_break);
        if end > self.max_len {
            return Err(LinesError::TooLong { limit: self.max_len });
        }
        Ok(Some(Span::new(0..end, src.len())))
    }
}

impl<P: Payload> Encoder<P> for ByteLines {
    type Error = LinesError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), LinesError> {
        let line = item.as_ref();
        self.check(line)?;
        if line.len() > SHORT {
            item.put(dst);
            self.put_line_break(dst);
        } else if let Ending::Lf | Ending::LfOnly = self.ending {
            dst.put_slices(line, b"\n");
        } else {
            dst.put_slices(line, b"\r\n");
        }
        Ok(())
    }
}

/// Lines up to this many bytes are looked through and copied in the simplest way, which then is the fastest.
const SHORT: usize = 256;

/// Whether there is a line feed in `line`.
#[inline]
fn has_line_feed(line: &[u8]) -> bool {
    if line.len() > SHORT {
        return memchr(b'\n', line).is_some();
    }
    // Without an early end, so that the compiler compares many bytes at a time.
    line.iter().fold(0, |found, &byte| found | u8::from(byte == b'\n')) != 0
}

impl Enclose for ByteLines {
    type Error = LinesError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), LinesError> {
        self.check(dst.copied(mark))?;
        self.put_line_break(dst);
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
    /// A line has something in it that is, or that could be taken for, a line break.
    #[error("line has a line break in it at byte {at}")]
    LineBreak {
        /// Where it is, from the start of the line.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deframer, Fault};

    fn decoded(codec: ByteLines, bytes: &[u8]) -> (Vec<Vec<u8>>, Option<Fault<LinesError>>) {
        let mut deframer = Deframer::new(codec);
        deframer.push(bytes);
        deframer.finish();
        let mut lines = Vec::new();
        loop {
            match deframer.next_ref() {
                Ok(Some(line)) => lines.push(line.to_vec()),
                Ok(None) => return (lines, None),
                Err(error) => return (lines, Some(error.into_fault())),
            }
        }
    }

    fn encoded(mut codec: ByteLines, line: &[u8]) -> Result<Vec<u8>, LinesError> {
        let mut dst = WriteBuf::new();
        codec.encode(line, &mut dst).map(|()| dst.to_vec())
    }

    #[test]
    fn each_mode_reads_its_endings() {
        let bytes = b"a\nb\r\n\r\nc\r\r\n";
        let (lines, fault) = decoded(ByteLines::new(), bytes);
        assert_eq!(lines, [&b"a"[..], b"b", b"", b"c\r"]);
        assert!(fault.is_none());
        let (lines, fault) = decoded(ByteLines::new().strict(), bytes);
        assert_eq!(lines, [&b"a"[..], b"b\r", b"\r", b"c\r\r"]);
        assert!(fault.is_none());
        let (lines, fault) = decoded(ByteLines::new().crlf().strict(), b"a\r\nb\rc\r\nd\ne\r\n");
        assert_eq!(lines, [&b"a"[..], b"b\rc"]);
        assert!(matches!(fault, Some(Fault::Malformed(LinesError::LineBreak { at: 1 }))));
    }

    #[test]
    fn an_unterminated_last_line_is_an_error_unless_allowed() {
        let (lines, fault) = decoded(ByteLines::new(), b"a\nb");
        assert_eq!(lines, [b"a"]);
        assert!(matches!(fault, Some(Fault::Truncated { left: 1 })));
        let (lines, fault) = decoded(ByteLines::new().allow_unterminated(), b"a\nb\r");
        assert_eq!(lines, [b"a", b"b"]);
        assert!(fault.is_none());
        let (lines, _) = decoded(ByteLines::new().strict().allow_unterminated(), b"a\nb\r");
        assert_eq!(lines, [&b"a"[..], b"b\r"]);
        let (_, fault) = decoded(ByteLines::new().allow_unterminated().max_len(2), b"abc");
        assert!(matches!(
            fault,
            Some(Fault::Malformed(LinesError::TooLong { limit: 2 }))
        ));
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_beyond_fails() {
        for ending in [&b"\n"[..], b"\r\n"] {
            let (lines, fault) = decoded(ByteLines::new().max_len(3), &[b"abc", ending].concat());
            assert_eq!((lines.len(), fault.is_none()), (1, true));
            let (lines, fault) = decoded(ByteLines::new().max_len(3), &[b"abcd", ending].concat());
            assert!(lines.is_empty());
            assert!(matches!(
                fault,
                Some(Fault::Malformed(LinesError::TooLong { limit: 3 }))
            ));
        }
    }

    #[test]
    fn a_line_that_would_be_read_as_another_is_refused() {
        assert_eq!(encoded(ByteLines::new(), b"a\nb"), Err(LinesError::LineBreak { at: 1 }));
        assert_eq!(encoded(ByteLines::new(), b"ab\r"), Err(LinesError::LineBreak { at: 2 }));
        assert_eq!(encoded(ByteLines::new().strict(), b"ab\r").unwrap(), b"ab\r\n");
        assert_eq!(encoded(ByteLines::new().crlf(), b"ab\r").unwrap(), b"ab\r\r\n");
        assert_eq!(
            encoded(ByteLines::new().max_len(1), b"ab"),
            Err(LinesError::TooLong { limit: 1 })
        );
    }

    #[test]
    fn a_body_written_in_place_is_checked_alike() {
        let mut dst = WriteBuf::new();
        let mut codec = ByteLines::new().crlf();
        let mark = codec.open(&mut dst);
        dst.put_slice(b"body");
        codec.close(mark, &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"body\r\n");
        let mark = codec.open(&mut dst);
        dst.put_slice(b"two\nlines");
        assert_eq!(codec.close(mark, &mut dst), Err(LinesError::LineBreak { at: 3 }));
    }
}
