//! Lines from a peer that may send bad ones: each bad line is an item, and the next line follows it.
//!
//! Separate from `Lines` because its frames are results, and because it must drop bytes that it never hands out.

use bytes::BytesMut;
use memchr::memchr;

use crate::borrow_decoder::{decode_in_place, decode_owned};
use crate::{BorrowDecoder, ByteLines, Decoder, Encoder, Framing, LinesError, Payload, ReadBuf, Span, WriteBuf};

/// As [`Lines`](crate::Lines), where a line that is too long or not UTF-8 is an item and does not end the stream.
///
/// The item for a line that is too long comes as soon as that is known. What follows up to the end of the line is dropped as
/// it comes, so it is bounded neither by memory nor by anything else.
///
/// ```
/// use wirework_codec::{Deframer, LinesError, RecoveringLines};
///
/// let mut deframer = Deframer::new(RecoveringLines::new().max_len(8));
/// deframer.push(b"short\nmuch too long for the limit\nok\n");
/// assert_eq!(deframer.next_ref()?, Some(Ok("short")));
/// assert_eq!(deframer.next_ref()?, Some(Err(LinesError::TooLong { limit: 8 })));
/// assert_eq!(deframer.next_ref()?, Some(Ok("ok")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RecoveringLines {
    bytes: ByteLines,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// At the start of a line, or in one that may yet be fine.
    #[default]
    Line,
    /// The frame that was found is a fault, and its line ends with it or goes on.
    Fault { error: LinesError, ended: bool },
    /// In a line that was reported already.
    Discarding,
}

impl RecoveringLines {
    /// The codec with its defaults, which are those of [`Lines`](crate::Lines).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: ByteLines::new(),
            state: State::Line,
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

    /// Reads only the ending that is written; see [`ByteLines::strict`]. A line with the wrong one is an item as well.
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

    /// What the inner codec found, with its errors made frames.
    fn recover(&mut self, found: Result<Option<Span>, LinesError>, src: &[u8]) -> Option<Span> {
        found.unwrap_or_else(|error| {
            self.bytes.restart();
            let line_feed = memchr(b'\n', src);
            let ended = line_feed.is_some();
            self.state = State::Fault { error, ended };
            let len = line_feed.map_or(src.len(), |at| at + 1);
            Some(Span::new(0..len, len))
        })
    }

    /// Drops the rest of a line that was reported.
    fn discard(&mut self, src: &[u8]) -> Option<Span> {
        let line_feed = memchr(b'\n', src);
        if line_feed.is_some() {
            self.state = State::Line;
        }
        let dropped = line_feed.map_or(src.len(), |at| at + 1);
        (dropped > 0).then(|| Span::skip(dropped))
    }
}

impl BorrowDecoder for RecoveringLines {
    type Frame<'a> = Result<&'a str, LinesError>;
    type Error = LinesError;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        if self.state == State::Discarding {
            return Ok(self.discard(src));
        }
        let found = self.bytes.find(src);
        Ok(self.recover(found, src))
    }

    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        if self.state == State::Discarding {
            return Ok(self.discard(src));
        }
        let found = self.bytes.find_eof(src);
        Ok(self.recover(found, src))
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<Self::Frame<'a>, LinesError> {
        if let State::Fault { error, ended } = self.state {
            self.state = if ended { State::Line } else { State::Discarding };
            return Ok(Err(error));
        }
        Ok(std::str::from_utf8(frame).map_err(LinesError::NotUtf8))
    }
}

impl Decoder for RecoveringLines {
    type Item = Result<String, LinesError>;
    type Error = LinesError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, LinesError> {
        decode_owned(self, src, false, own)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, LinesError> {
        decode_owned(self, src, true, own)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<Self::Item>, LinesError> {
        decode_in_place(self, src, is_ended, own)
    }
}

impl<T: Payload + AsRef<str>> Encoder<T> for RecoveringLines {
    type Error = LinesError;

    #[inline]
    fn encode(&mut self, item: T, dst: &mut WriteBuf) -> Result<(), LinesError> {
        self.bytes.encode(item, dst)
    }
}

fn own(line: Result<&str, LinesError>) -> Result<String, LinesError> {
    line.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deframer;

    fn lines(codec: RecoveringLines, chunks: &[&[u8]]) -> Vec<Result<String, LinesError>> {
        let mut deframer = Deframer::new(codec);
        let mut lines = Vec::new();
        for chunk in chunks {
            deframer.push(chunk);
            while let Some(line) = deframer.next_ref().unwrap() {
                lines.push(own(line));
            }
        }
        deframer.finish();
        while let Some(line) = deframer.next_ref().unwrap() {
            lines.push(own(line));
        }
        lines
    }

    #[test]
    fn the_line_after_a_long_one_is_read_however_it_is_cut() {
        let input = b"ok\ntoo long\n\xff\nok too\n";
        let too_long = Err(LinesError::TooLong { limit: 6 });
        for split in 0..=input.len() {
            let lines = lines(RecoveringLines::new().max_len(6), &[&input[..split], &input[split..]]);
            assert_eq!(lines.len(), 4, "split at {split}");
            assert_eq!(lines[1], too_long, "split at {split}");
            assert!(matches!(lines[2], Err(LinesError::NotUtf8(_))));
            assert_eq!(lines[3].as_deref(), Ok("ok too"), "split at {split}");
        }
    }

    #[test]
    fn a_long_line_is_reported_once_and_never_held() {
        let mut deframer = Deframer::new(RecoveringLines::new().max_len(10));
        for _ in 0..1000 {
            deframer.push(&[b'x'; 1000]);
            while let Some(line) = deframer.next().unwrap() {
                assert_eq!(line, Err(LinesError::TooLong { limit: 10 }));
                assert_eq!(deframer.offset(), 1000);
            }
            assert_eq!(deframer.buffered(), 0);
        }
        deframer.finish();
        assert_eq!(deframer.next_ref().unwrap(), None);
    }

    #[test]
    fn a_wrong_ending_is_an_item() {
        let codec = RecoveringLines::new().crlf().strict();
        let lines = lines(codec, &[b"\na\r\n"]);
        assert_eq!(lines, [Err(LinesError::LineBreak { at: 0 }), Ok("a".to_owned())]);
    }
}
