//! Bytes to frames: the traits that a protocol's reading side implements.
//!
//! There are two ways to hand out a frame, so there are two traits: [`Decoder`] gives frames that own their bytes,
//! [`BorrowDecoder`] frames that lie in the read buffer and cost no allocation and no reference count. [`Framing`] is below
//! both: it knows where frames end and not what they mean, and whatever implements it is a decoder of either kind.

use std::error::Error;
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::{Limit, Map, TryMap, Undecoded};

/// Frames up to this many bytes are copied out of the read buffer: a reference would cost as much, and would keep the whole
/// buffer alive for a few bytes.
const TINY: usize = 64;

/// Turns bytes into frames that own what they hold.
///
/// # Contract
/// - [`decode`](Self::decode) removes the bytes of one frame from the front of `src` and returns the frame, or returns
///   `None` when the frame is not complete.
/// - When it returns `None` and has removed bytes, these belonged to no frame (padding, an overlong line that is being
///   discarded), and it is called again at once: another frame may follow.
/// - Between calls `src` only grows at its end, so a decoder may remember how far it has looked.
/// - An error is terminal: the decoder is not called again. A fault that the stream can go on from is a frame
///   (`type Item = Result<…>`).
/// - Whoever drives the decoder watches the rest, so that no decoder has to: that buffered bytes stay bounded, that each
///   frame consumes something, and that no bytes are left at the end of the stream. See [`Deframer`](crate::Deframer).
///
/// ```
/// use std::convert::Infallible;
/// use wirework_codec::{Decoder, bytes::{Buf, BytesMut}};
///
/// /// Temperatures in tenths of a degree, two bytes each.
/// struct Temperatures;
///
/// impl Decoder for Temperatures {
///     type Item = f32;
///     type Error = Infallible;
///
///     fn decode(&mut self, src: &mut BytesMut) -> Result<Option<f32>, Infallible> {
///         Ok((src.len() >= 2).then(|| f32::from(src.get_i16()) / 10.0))
///     }
/// }
///
/// let mut src = BytesMut::from(&[0, 215, 0][..]);
/// assert_eq!(Temperatures.decode(&mut src), Ok(Some(21.5)));
/// assert_eq!(Temperatures.decode(&mut src), Ok(None));
/// ```
pub trait Decoder {
    /// A frame.
    type Item;
    /// What can be wrong with the bytes. It says nothing of I/O.
    type Error: Error + Send + Sync + 'static;

    /// Takes the next frame off the front of `src`, or returns `None` if it is not complete.
    ///
    /// # Errors
    /// Fails when the bytes are not what the protocol allows.
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error>;

    /// As [`decode`](Self::decode), once no more bytes will come. It is called until it returns `None`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode). Bytes that are left over need no error of the decoder's: the driver reports them.
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, Self::Error> {
        self.decode(src)
    }

    /// Whether it takes frames from memory that they may share, in two steps: [`find_shared`](Self::find_shared), then
    /// [`take_shared`](Self::take_shared).
    #[doc(hidden)]
    #[inline]
    fn shares(&self) -> bool {
        false
    }

    /// Finds the next frame; as [`BorrowDecoder::locate`].
    #[doc(hidden)]
    #[inline]
    fn find_shared(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        let _ = src;
        Ok(None)
    }

    /// Takes the frame that was found last. `None` if it was not found by [`find_shared`](Self::find_shared).
    #[doc(hidden)]
    #[inline]
    fn take_shared(&mut self, src: &mut Undecoded, span: &Span) -> Option<Self::Item> {
        let _ = (src, span);
        None
    }

    /// Makes something else of each frame.
    fn map<T, F>(self, map: F) -> Map<Self, F, T>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> T,
    {
        Map::new(self, map)
    }

    /// Makes something else of each frame, or refuses it: that ends the stream.
    fn try_map<T, E, F>(self, map: F) -> TryMap<Self, F, T, E>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Result<T, E>,
        E: Error + Send + Sync + 'static,
    {
        TryMap::new(self, map)
    }

    /// Refuses frames that take more than `bytes` bytes of the stream: for decoders that have no limit of their own.
    fn limit(self, bytes: usize) -> Limit<Self>
    where
        Self: Sized,
    {
        Limit::new(self, bytes)
    }
}

/// Turns bytes into frames that are borrowed from the read buffer.
///
/// It works in two steps, so that no reference into the buffer exists while more bytes are read: [`locate`](Self::locate)
/// finds the next frame, then [`parse`](Self::parse) gives its bytes a meaning.
///
/// A frame may also borrow from the decoder, for instance a list of offsets that `locate` found.
///
/// ```
/// use std::str::Utf8Error;
/// use wirework_codec::{BorrowDecoder, Span};
///
/// /// `key=value;`, any number of times.
/// struct Pairs;
///
/// impl BorrowDecoder for Pairs {
///     type Frame<'a> = (&'a str, &'a str);
///     type Error = Utf8Error;
///
///     fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Utf8Error> {
///         Ok(src.iter().position(|&byte| byte == b';').map(|end| Span::new(0..end, end + 1)))
///     }
///
///     fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<(&'a str, &'a str), Utf8Error> {
///         let text = std::str::from_utf8(frame)?;
///         Ok(text.split_once('=').unwrap_or((text, "")))
///     }
/// }
/// ```
pub trait BorrowDecoder {
    /// A frame, valid until the next one is asked for.
    type Frame<'a>: Send
    where
        Self: 'a;
    /// What can be wrong with the bytes. It says nothing of I/O.
    type Error: Error + Send + Sync + 'static;

    /// Finds the next frame at the front of `src`, or returns `None` if it is not complete.
    ///
    /// Until it returns a span, `src` starts at the same place and only grows at its end, so a decoder may remember how far
    /// it has looked. What a span covers is consumed. Bytes that belong to no frame are a [`Span::skip`].
    ///
    /// # Errors
    /// Fails, for good, when the bytes are not what the protocol allows.
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error>;

    /// As [`locate`](Self::locate), once no more bytes will come.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.locate(src)
    }

    /// Makes a frame of the bytes that the last span named. They may be changed in place, to unescape them.
    ///
    /// # Errors
    /// Fails, for good, when the bytes are not what the protocol allows.
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<Self::Frame<'a>, Self::Error>;

    /// Makes something of each borrowed frame that no longer borrows from it, for instance a header of a few numbers.
    fn map_ref<T, F>(self, map: F) -> Map<Self, F, T>
    where
        Self: Sized,
        F: FnMut(Self::Frame<'_>) -> T,
    {
        Map::new(self, map)
    }

    /// As [`map_ref`](Self::map_ref), and may refuse the frame: that ends the stream.
    fn try_map_ref<T, E, F>(self, map: F) -> TryMap<Self, F, T, E>
    where
        Self: Sized,
        F: FnMut(Self::Frame<'_>) -> Result<T, E>,
        E: Error + Send + Sync + 'static,
    {
        TryMap::new(self, map)
    }
}

/// Cuts a byte stream into runs of bytes.
///
/// Whatever implements it is a [`Decoder`] of [`Bytes`] and a [`BorrowDecoder`] of `&[u8]`.
///
/// ```
/// use std::convert::Infallible;
/// use wirework_codec::{Decoder, Framing, Span, bytes::BytesMut};
///
/// /// Pairs of bytes.
/// struct Pairs;
///
/// impl Framing for Pairs {
///     type Error = Infallible;
///
///     fn find(&mut self, src: &[u8]) -> Result<Option<Span>, Infallible> {
///         Ok((src.len() >= 2).then(|| Span::new(0..2, 2)))
///     }
/// }
///
/// let mut src = BytesMut::from("abc");
/// assert_eq!(Pairs.decode(&mut src).unwrap().unwrap(), "ab");
/// assert_eq!(Pairs.decode(&mut src), Ok(None));
/// ```
pub trait Framing {
    /// What can be wrong with the bytes.
    type Error: Error + Send + Sync + 'static;

    /// Finds the next frame at the front of `src`; see [`BorrowDecoder::locate`].
    ///
    /// # Errors
    /// Fails, for good, when the bytes are not what the framing allows.
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error>;

    /// As [`find`](Self::find), once no more bytes will come.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn find_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.find(src)
    }

    /// Whether frames are handed out as they were sent, so that [`unescape`](Self::unescape) has nothing to do. `false`
    /// unless overridden, which is always right; `true` lets owned frames share the memory they were read into.
    #[inline]
    fn is_verbatim(&self) -> bool {
        false
    }

    /// Undoes the framing's escapes in place and returns how many bytes are left, from the front.
    ///
    /// # Errors
    /// Fails, for good, when the bytes are not what the framing allows.
    fn unescape(&mut self, frame: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(frame.len())
    }
}

/// Where a frame lies in the bytes that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    payload: Range<usize>,
    len: usize,
    skipped: bool,
}

impl Span {
    /// The frame's bytes are `payload`; with its header, its delimiter and all, it takes the first `len` bytes.
    ///
    /// # Panics
    /// Panics unless the payload lies within these.
    #[must_use]
    #[inline]
    pub fn new(payload: Range<usize>, len: usize) -> Self {
        assert!(
            payload.start <= payload.end && payload.end <= len,
            "a frame's payload lies within it"
        );
        Self {
            payload,
            len,
            skipped: false,
        }
    }

    /// The first `len` bytes belong to no frame: padding, or the rest of a line that is being discarded.
    ///
    /// Whoever drives the decoder drops them and asks again; to skip nothing is an error.
    #[must_use]
    #[inline]
    pub fn skip(len: usize) -> Self {
        Self {
            payload: 0..0,
            len,
            skipped: true,
        }
    }

    /// The place of the frame's bytes.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> Range<usize> {
        self.payload.clone()
    }

    /// How many bytes the frame takes, from the front of what was looked at.
    #[must_use]
    #[inline]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a frame that takes no bytes is an error of the decoder"
    )]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no frame, only bytes to drop.
    #[must_use]
    #[inline]
    pub fn is_skipped(&self) -> bool {
        self.skipped
    }
}

impl<F: Framing> BorrowDecoder for F {
    type Frame<'a>
        = &'a [u8]
    where
        Self: 'a;
    type Error = F::Error;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, F::Error> {
        self.find(src)
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, F::Error> {
        self.find_eof(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<&'a [u8], F::Error> {
        let len = self.unescape(frame)?;
        Ok(&frame[..len])
    }
}

impl<F: Framing> Decoder for F {
    type Item = Bytes;
    type Error = F::Error;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Bytes>, F::Error> {
        let span = self.find(src)?;
        span.map_or(Ok(None), |span| take(self, src, &span))
    }

    #[inline]
    fn shares(&self) -> bool {
        self.is_verbatim()
    }

    #[inline]
    fn find_shared(&mut self, src: &[u8]) -> Result<Option<Span>, F::Error> {
        self.find(src)
    }

    #[inline]
    fn take_shared(&mut self, src: &mut Undecoded, span: &Span) -> Option<Bytes> {
        Some(src.take_frame(span))
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Bytes>, F::Error> {
        let span = self.find_eof(src)?;
        span.map_or(Ok(None), |span| take(self, src, &span))
    }
}

/// Takes a frame's payload off the front of `src`: a tiny one as a copy, a longer one as a part of the same memory.
#[inline]
fn take<F: Framing>(framing: &mut F, src: &mut BytesMut, span: &Span) -> Result<Option<Bytes>, F::Error> {
    if span.skipped {
        src.advance(span.len);
        return Ok(None);
    }
    if span.payload.len() <= TINY {
        let payload = &mut src[span.payload()];
        let frame = framing
            .unescape(payload)
            .map(|len| Bytes::copy_from_slice(&payload[..len]));
        src.advance(span.len);
        return frame.map(Some);
    }
    let mut frame = src.split_to(span.len);
    frame.truncate(span.payload.end);
    frame.advance(span.payload.start);
    let len = framing.unescape(&mut frame)?;
    frame.truncate(len);
    Ok(Some(frame.freeze()))
}

/// Takes a located frame off the front of `src`, in the form that `own` gives it: how a [`BorrowDecoder`] is a
/// [`Decoder`] as well.
#[inline]
pub(crate) fn take_owned<D: BorrowDecoder, T>(
    decoder: &mut D,
    src: &mut BytesMut,
    span: &Span,
    own: impl FnOnce(D::Frame<'_>) -> T,
) -> Result<Option<T>, D::Error> {
    if span.skipped {
        src.advance(span.len);
        return Ok(None);
    }
    let frame = decoder.parse(&mut src[span.payload()]).map(own);
    src.advance(span.len);
    frame.map(Some)
}
