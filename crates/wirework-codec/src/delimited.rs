//! Frames that end with a delimiter of any length, or with any of several.

use memchr::memmem;
use thiserror::Error;

use crate::delimiter_search::DelimiterSearch;
use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 64 KiB, without its delimiter.
const MAX_LEN: usize = 64 * 1024;

/// Frames that end with a delimiter, which is not part of them.
///
/// Of several delimiters, the one that is complete first ends the frame; if two are complete at once, the longer one. So the
/// frames never depend on how the bytes were cut into reads, nothing waits for a byte that may not come, and with `"\n"` and
/// `"\r\n"` either does what it should. (A delimiter that starts with another is never found.) The first one is written.
///
/// A frame that would be read back as something else is refused by the encoder. A frame is at most 64 KiB long, unless
/// [set otherwise](Self::max_len), both ways.
///
/// ```
/// use wirework_codec::{Delimited, Deframer};
///
/// let mut deframer = Deframer::new(Delimited::any(["\r\n\r\n", "\n\n"]));
/// deframer.push(b"Host: a\r\nAccept: b\r\n\r\nHost: c\n\n");
/// assert_eq!(deframer.next_ref()?, Some(&b"Host: a\r\nAccept: b"[..]));
/// assert_eq!(deframer.next_ref()?, Some(&b"Host: c"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Delimited {
    /// What is written.
    delimiter: Box<[u8]>,
    search: DelimiterSearch,
    longest: usize,
    max_len: usize,
}

impl Delimited {
    /// The codec for frames that end with `delimiter`.
    ///
    /// # Panics
    /// Panics if the delimiter is empty.
    #[must_use]
    pub fn new(delimiter: impl AsRef<[u8]>) -> Self {
        Self::any([delimiter])
    }

    /// The codec for frames that end with any of `delimiters`, of which the first is written.
    ///
    /// # Panics
    /// Panics if there are no delimiters, if one is empty, or if the first has another in it before its end, so that it would
    /// not be read back.
    #[must_use]
    pub fn any<I>(delimiters: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let delimiters: Vec<Box<[u8]>> = delimiters.into_iter().map(|item| item.as_ref().into()).collect();
        assert!(!delimiters.is_empty(), "frames need a delimiter to end with");
        assert!(
            delimiters.iter().all(|one| !one.is_empty()),
            "a delimiter has at least 1 byte"
        );
        let delimiter = delimiters[0].clone();
        let front = &delimiter[..delimiter.len() - 1];
        assert!(
            delimiters.iter().all(|other| memmem::find(front, other).is_none()),
            "the delimiter that is written has another in it"
        );
        Self {
            delimiter,
            longest: delimiters.iter().map(|one| one.len()).max().unwrap_or(0),
            search: DelimiterSearch::new(&delimiters),
            max_len: MAX_LEN,
        }
    }

    /// Sets how long a frame may be, in bytes without its delimiter; 64 KiB unless set.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Fails unless `frame`, with the delimiter behind it, is read back as it is.
    fn check(&self, frame: &[u8]) -> Result<(), DelimitedError> {
        if frame.len() > self.max_len {
            return Err(DelimitedError::TooLong { limit: self.max_len });
        }
        match self.search.clash(frame, &self.delimiter) {
            Some(at) => Err(DelimitedError::Delimiter { at }),
            None => Ok(()),
        }
    }
}

impl Framing for Delimited {
    type Error = DelimitedError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, DelimitedError> {
        let span = self.search.next(src);
        // Of a frame that is not complete, the last bytes may be part of its delimiter.
        let (len, limit) = match &span {
            Some(span) => (span.payload().end, self.max_len),
            None => (src.len(), self.max_len.saturating_add(self.longest - 1)),
        };
        if len > limit {
            return Err(DelimitedError::TooLong { limit: self.max_len });
        }
        Ok(span)
    }
}

impl<P: Payload> Encoder<P> for Delimited {
    type Error = DelimitedError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), DelimitedError> {
        self.check(item.as_ref())?;
        item.put(dst);
        dst.put_slice(&self.delimiter);
        Ok(())
    }
}

impl Enclose for Delimited {
    type Error = DelimitedError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), DelimitedError> {
        self.check(dst.copied(mark))?;
        dst.put_slice(&self.delimiter);
        Ok(())
    }
}

/// What can be wrong with a frame that ends with a delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DelimitedError {
    /// The frame is longer than allowed.
    #[error("frame is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame to be written has a delimiter in it, or makes one with the delimiter behind it.
    #[error("frame to be sent has a delimiter at byte {at}")]
    Delimiter {
        /// Where the delimiter starts, from the start of the frame.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deframer;

    fn frames(codec: &Delimited, chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut deframer = Deframer::new(codec.clone());
        let mut frames = Vec::new();
        for chunk in chunks {
            deframer.push(chunk);
            while let Some(frame) = deframer.next_ref().unwrap() {
                frames.push(frame.to_vec());
            }
        }
        frames
    }

    fn at_every_split(codec: &Delimited, input: &[u8], expected: &[&[u8]]) {
        for split in 0..=input.len() {
            let frames = frames(codec, &[&input[..split], &input[split..]]);
            assert_eq!(frames, expected, "split at {split}");
        }
        let bytes: Vec<_> = input.chunks(1).collect();
        assert_eq!(frames(codec, &bytes), expected);
    }

    #[test]
    fn delimiters_of_every_kind_are_found_at_every_split() {
        at_every_split(&Delimited::new(";"), b"a;;bc;d", &[b"a", b"", b"bc"]);
        at_every_split(&Delimited::any([";", ","]), b"a;b,c", &[b"a", b"b"]);
        at_every_split(
            &Delimited::any([";", ",", "|", "/"]),
            b"a;b,c|d/",
            &[b"a", b"b", b"c", b"d"],
        );
        at_every_split(&Delimited::new("aab"), b"aaab-aab", &[b"a", b"-"]);
        at_every_split(&Delimited::new("END"), b"EN-ENDD", &[b"EN-"]);
    }

    #[test]
    fn the_delimiter_that_is_complete_first_wins_and_the_longer_of_two() {
        at_every_split(&Delimited::any(["\n", "\r\n"]), b"a\nb\r\nc\r\n", &[b"a", b"b", b"c"]);
        at_every_split(&Delimited::any(["bc", "abcd"]), b"-abcd-", &[b"-a"]);
        at_every_split(&Delimited::any(["ab", "abc"]), b"-abc-ab", &[b"-", b"c-"]);
        at_every_split(&Delimited::any(["xx", "--y"]), b"a--xx--y", &[b"a--", b""]);
    }

    #[test]
    fn a_frame_that_would_end_early_is_refused() {
        let refused = |codec: &Delimited, frame: &[u8]| codec.clone().encode(frame, &mut WriteBuf::new()).unwrap_err();
        assert_eq!(
            refused(&Delimited::new("::"), b"a::b"),
            DelimitedError::Delimiter { at: 1 }
        );
        assert_eq!(
            refused(&Delimited::new("::"), b"ab:"),
            DelimitedError::Delimiter { at: 2 }
        );
        assert_eq!(
            refused(&Delimited::any(["\n", "\r\n"]), b"ab\r"),
            DelimitedError::Delimiter { at: 2 }
        );
        assert_eq!(
            refused(&Delimited::new(";").max_len(1), b"ab"),
            DelimitedError::TooLong { limit: 1 }
        );
        let mut dst = WriteBuf::new();
        Delimited::any(["\r\n", "\n"]).encode(b"ab\r", &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"ab\r\r\n");
    }

    #[test]
    fn the_limit_is_on_the_frame_alone() {
        let mut codec = Delimited::new("END").max_len(3);
        assert_eq!(codec.clone().find(b"abcEN"), Ok(None));
        assert_eq!(codec.clone().find(b"abcEND"), Ok(Some(Span::new(0..3, 6))));
        let too_long = Err(DelimitedError::TooLong { limit: 3 });
        assert_eq!(codec.clone().find(b"abcdEND"), too_long);
        assert_eq!(codec.find(b"abcdef"), too_long);
    }
}
