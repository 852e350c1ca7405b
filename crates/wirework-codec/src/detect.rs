//! Two protocols on one port: the first bytes of a stream say which it is.

use std::fmt;

use bytes::BytesMut;
use thiserror::Error;

use crate::{BorrowDecoder, Decoder, Either, Encoder, ReadBuf, Span, WriteBuf};

/// Whether a stream is of a certain protocol, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detection {
    /// The bytes fit so far, and do not settle it.
    NeedMore,
    /// It is another protocol, whatever follows.
    NotMine,
    /// It is this protocol, whatever follows.
    Detected,
}

impl Detection {
    /// Detects a protocol by the bytes that each of its streams starts with.
    ///
    /// ```
    /// use wirework_codec::Detection;
    ///
    /// assert_eq!(Detection::of_magic(b"PROXY", b"PRO"), Detection::NeedMore);
    /// assert_eq!(Detection::of_magic(b"PROXY", b"PROXY TCP4"), Detection::Detected);
    /// assert_eq!(Detection::of_magic(b"PROXY", b"GET /"), Detection::NotMine);
    /// ```
    #[must_use]
    pub fn of_magic(magic: &[u8], src: &[u8]) -> Self {
        let len = magic.len().min(src.len());
        match magic[..len] == src[..len] {
            false => Self::NotMine,
            true if len == magic.len() => Self::Detected,
            true => Self::NeedMore,
        }
    }
}

/// A codec that is one of two, decided by the first bytes of the stream. Its frames say which.
///
/// Each protocol has a probe, a function that looks at the first bytes. The left one is asked first, and while it needs more
/// the right one is not asked, so the outcome does not depend on how the bytes were cut into reads. At the end of the stream,
/// a protocol that still needs more is not the one. For more than two protocols, one of the codecs is a `Detect` itself.
///
/// ```
/// use wirework_codec::{Deframer, Detect, Detection, Either, LengthDelimited, Lines};
///
/// let mut deframer = Deframer::new(Detect::new(
///     LengthDelimited::new(),
///     |first: &[u8]| Detection::of_magic(b"\0", first),
///     Lines::new(),
///     |_: &[u8]| Detection::Detected,
/// ));
/// deframer.push(b"\0\0\0\x02hi");
/// assert_eq!(deframer.next_ref()?, Some(Either::Left(&b"hi"[..])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Sending
/// A frame to be sent is an [`Either`] as well, and says itself of which protocol it is. Where each direction has its own
/// copy of the codec, as in a `Framed`, the one that sends has nothing to detect and believes it. The one that has detected
/// a protocol refuses frames of the other. Where the compiler cannot know what the other protocol would send, tell it:
/// `Either::<&[u8], _>::Right("hi")`.
///
/// To keep the type nameable, probes can be function pointers:
///
/// ```
/// use wirework_codec::{Detect, Detection, LengthDelimited, Lines};
///
/// type Probe = fn(&[u8]) -> Detection;
/// type Port = Detect<LengthDelimited, Probe, Lines, Probe>;
///
/// fn port() -> Port {
///     let is_binary: Probe = |first| Detection::of_magic(b"\0", first);
///     Detect::new(LengthDelimited::new(), is_binary, Lines::new(), |_| Detection::Detected)
/// }
/// # port();
/// ```
#[derive(Clone)]
pub struct Detect<L, P, R, Q> {
    left: L,
    probe_left: P,
    right: R,
    probe_right: Q,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Undecided,
    Left,
    Right,
}

impl<L, P, R, Q> Detect<L, P, R, Q> {
    /// The codec that is `left` if `probe_left` detects it, else `right` if `probe_right` does.
    pub const fn new(left: L, probe_left: P, right: R, probe_right: Q) -> Self {
        Self {
            left,
            probe_left,
            right,
            probe_right,
            state: State::Undecided,
        }
    }

    /// The codec that the stream is of, once that is known.
    pub fn detected(&self) -> Option<Either<&L, &R>> {
        match self.state {
            State::Undecided => None,
            State::Left => Some(Either::Left(&self.left)),
            State::Right => Some(Either::Right(&self.right)),
        }
    }
}

impl<L, P, R, Q> Detect<L, P, R, Q>
where
    P: FnMut(&[u8]) -> Detection,
    Q: FnMut(&[u8]) -> Detection,
{
    #[inline]
    fn state<E, G>(&mut self, src: &[u8], is_all: bool) -> Result<State, DetectError<E, G>> {
        if self.state == State::Undecided {
            self.state = self.probe(src, is_all).ok_or(DetectError::Unknown)?;
        }
        Ok(self.state)
    }

    fn probe(&mut self, src: &[u8], is_all: bool) -> Option<State> {
        match (self.probe_left)(src) {
            Detection::Detected => return Some(State::Left),
            Detection::NeedMore if !is_all => return Some(State::Undecided),
            Detection::NeedMore | Detection::NotMine => {}
        }
        match (self.probe_right)(src) {
            Detection::Detected => Some(State::Right),
            // That the stream is cut short says more than that it is of an unknown protocol.
            Detection::NeedMore => Some(State::Undecided),
            Detection::NotMine => None,
        }
    }
}

impl<L, P, R, Q> Decoder for Detect<L, P, R, Q>
where
    L: Decoder,
    R: Decoder,
    P: FnMut(&[u8]) -> Detection,
    Q: FnMut(&[u8]) -> Detection,
{
    type Item = Either<L::Item, R::Item>;
    type Error = DetectError<L::Error, R::Error>;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error> {
        match self.state(src, false)? {
            State::Undecided => Ok(None),
            State::Left => tag(self.left.decode(src), Either::Left, DetectError::Left),
            State::Right => tag(self.right.decode(src), Either::Right, DetectError::Right),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error> {
        if src.is_empty() && self.state == State::Undecided {
            return Ok(None);
        }
        match self.state(src, true)? {
            State::Undecided => Ok(None),
            State::Left => tag(self.left.decode_eof(src), Either::Left, DetectError::Left),
            State::Right => tag(self.right.decode_eof(src), Either::Right, DetectError::Right),
        }
    }

    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<Self::Item>, Self::Error> {
        if src.is_empty() && self.state == State::Undecided {
            return Ok(None);
        }
        match self.state(src.bytes(), is_ended)? {
            State::Undecided => Ok(None),
            State::Left => tag(self.left.decode_from(src, is_ended), Either::Left, DetectError::Left),
            State::Right => tag(self.right.decode_from(src, is_ended), Either::Right, DetectError::Right),
        }
    }
}

impl<L, P, R, Q> BorrowDecoder for Detect<L, P, R, Q>
where
    L: BorrowDecoder,
    R: BorrowDecoder,
    P: FnMut(&[u8]) -> Detection,
    Q: FnMut(&[u8]) -> Detection,
{
    type Frame<'a>
        = Either<L::Frame<'a>, R::Frame<'a>>
    where
        Self: 'a;
    type Error = DetectError<L::Error, R::Error>;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        match self.state(src, false)? {
            State::Undecided => Ok(None),
            State::Left => self.left.locate(src).map_err(DetectError::Left),
            State::Right => self.right.locate(src).map_err(DetectError::Right),
        }
    }

    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        if src.is_empty() && self.state == State::Undecided {
            return Ok(None);
        }
        match self.state(src, true)? {
            State::Undecided => Ok(None),
            State::Left => self.left.locate_eof(src).map_err(DetectError::Left),
            State::Right => self.right.locate_eof(src).map_err(DetectError::Right),
        }
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<Self::Frame<'a>, Self::Error> {
        match self.state {
            State::Right => self.right.parse(frame).map(Either::Right).map_err(DetectError::Right),
            State::Left | State::Undecided => self.left.parse(frame).map(Either::Left).map_err(DetectError::Left),
        }
    }
}

impl<L, P, R, Q, A, B> Encoder<Either<A, B>> for Detect<L, P, R, Q>
where
    L: Encoder<A>,
    R: Encoder<B>,
{
    type Error = DetectError<L::Error, R::Error>;

    fn encode(&mut self, item: Either<A, B>, dst: &mut WriteBuf) -> Result<(), Self::Error> {
        match (item, self.state) {
            (Either::Left(_), State::Right) | (Either::Right(_), State::Left) => Err(DetectError::Other),
            // Undecided is what a copy is that only sends: it never sees the first bytes of the peer.
            (Either::Left(item), _) => self.left.encode(item, dst).map_err(DetectError::Left),
            (Either::Right(item), _) => self.right.encode(item, dst).map_err(DetectError::Right),
        }
    }
}

impl<L: fmt::Debug, P, R: fmt::Debug, Q> fmt::Debug for Detect<L, P, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detect")
            .field("left", &self.left)
            .field("right", &self.right)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Says of a frame and of an error which protocol it is of.
fn tag<T, E, I, F>(
    decoded: Result<Option<T>, E>,
    frame: impl FnOnce(T) -> I,
    error: impl FnOnce(E) -> F,
) -> Result<Option<I>, F> {
    match decoded {
        Ok(decoded) => Ok(decoded.map(frame)),
        Err(source) => Err(error(source)),
    }
}

/// What can be wrong with a stream that is of one protocol or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DetectError<L, R> {
    /// The first protocol was detected, and the frame is malformed.
    #[error(transparent)]
    Left(L),
    /// The second protocol was detected, and the frame is malformed.
    #[error(transparent)]
    Right(R),
    /// The first bytes of the stream are of neither protocol.
    #[error("stream is of no known protocol")]
    Unknown,
    /// A frame to be sent is of the protocol that was not detected.
    #[error("frame to be sent is of another protocol than the stream")]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deframer, LengthDelimited, Lines};

    type Probe = fn(&[u8]) -> Detection;

    fn codec() -> Detect<LengthDelimited, Probe, Lines, Probe> {
        let letter = |first: &[u8]| match first.first() {
            None => Detection::NeedMore,
            Some(byte) if byte.is_ascii_alphabetic() => Detection::Detected,
            Some(_) => Detection::NotMine,
        };
        Detect::new(
            LengthDelimited::new(),
            |first| Detection::of_magic(b"\0\0", first),
            Lines::new(),
            letter,
        )
    }

    #[test]
    fn either_protocol_is_detected_at_every_split() {
        for (input, expected) in [
            (&b"\0\0\0\x01a"[..], Either::Left(&b"a"[..])),
            (b"abc\n", Either::Right("abc")),
        ] {
            for split in 0..=input.len() {
                let mut deframer = Deframer::new(codec());
                deframer.push(&input[..split]);
                if split < input.len() {
                    assert_eq!(deframer.next_ref().unwrap(), None);
                    deframer.push(&input[split..]);
                }
                assert_eq!(deframer.next_ref().unwrap(), Some(expected), "split at {split}");
            }
        }
    }

    #[test]
    fn neither_is_an_error_and_loses_nothing() {
        let mut deframer = Deframer::new(codec());
        deframer.push(b"\0");
        assert_eq!(deframer.next_ref().unwrap(), None);
        deframer.push(b"\x01rest");
        let error = deframer.next_ref().unwrap_err();
        assert_eq!(error.fault().malformed(), Some(&DetectError::Unknown));
        assert_eq!(&error.unread()[..], b"\0\x01rest");
        let mut empty = Deframer::new(codec());
        empty.finish();
        assert_eq!(empty.next_ref().unwrap(), None);
    }

    #[test]
    fn what_was_not_detected_is_not_sent() {
        let mut codec = codec();
        let mut dst = WriteBuf::new();
        let left: Either<&[u8], &str> = Either::Left(b"a");
        codec.decode(&mut BytesMut::from("line")).unwrap();
        assert_eq!(codec.encode(left, &mut dst), Err(DetectError::Other));
        codec.encode(Either::<&[u8], _>::Right("b"), &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"b\n");
    }

    #[test]
    fn a_copy_that_only_sends_goes_by_the_frame() {
        let mut dst = WriteBuf::new();
        codec().encode(Either::<&[u8], _>::Right("b"), &mut dst).unwrap();
        codec().encode(Either::<_, &str>::Left(b"a"), &mut dst).unwrap();
        assert_eq!(dst.to_vec(), b"b\n\0\0\0\x01a");
    }
}
