//! Bytes to runs of bytes: the trait of whatever knows where frames end and not what they mean.
//!
//! Most codecs are one, and get both kinds of decoding from it.

use std::error::Error;

use bytes::{Buf, BytesMut};

use crate::read_buf::{is_copied, split};
use crate::{BorrowDecoder, Decoder, Frame, Glance, ReadBuf, Span};

/// Cuts a byte stream into runs of bytes.
///
/// Whatever implements it is a [`Decoder`] of [`Frame`]s and a [`BorrowDecoder`] of `&[u8]`.
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

    /// As [`find`](Self::find), at a glance; see [`BorrowDecoder::glance`].
    #[doc(hidden)]
    #[inline]
    fn glance_at(&self, src: &[u8]) -> Glance {
        let _ = src;
        Glance::Never
    }

    /// Whether frames have escapes in them, so that [`unescape`](Self::unescape) is to be called.
    const ESCAPES: bool = false;

    /// Undoes the framing's escapes in place and returns how many bytes are left, from the front. Only called if
    /// [`ESCAPES`](Self::ESCAPES) is set.
    ///
    /// # Errors
    /// Fails, for good, when the bytes are not what the framing allows.
    fn unescape(&mut self, frame: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(frame.len())
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
    fn glance(&self, src: &[u8]) -> Glance {
        self.glance_at(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<&'a [u8], F::Error> {
        unescape(self, frame)
    }
}

impl<F: Framing> Decoder for F {
    type Item = Frame;
    type Error = F::Error;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, F::Error> {
        let span = self.find(src)?;
        span.map_or(Ok(None), |span| take(self, src, &span))
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, F::Error> {
        let span = self.find_eof(src)?;
        span.map_or(Ok(None), |span| take(self, src, &span))
    }

    #[inline]
    fn cuts(&self) -> bool {
        !F::ESCAPES
    }

    #[inline]
    fn find_cut(&mut self, src: &[u8]) -> Result<Option<Span>, F::Error> {
        self.find(src)
    }

    #[inline]
    fn glance_cut(&self, src: &[u8]) -> Glance {
        self.glance_at(src)
    }

    #[inline]
    fn copies(&self, len: usize) -> bool {
        is_copied(len)
    }

    #[inline]
    fn copy(&mut self, frame: &[u8]) -> Result<Frame, F::Error> {
        Ok(Frame::copy_from_slice(frame))
    }

    #[inline]
    fn cut(&mut self, src: &mut ReadBuf, span: &Span) -> Frame {
        src.take(span)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<Frame>, F::Error> {
        let bytes = src.bytes();
        let found = if is_ended {
            self.find_eof(bytes)
        } else {
            self.find(bytes)
        };
        let Some(span) = found? else {
            return Ok(None);
        };
        if !F::ESCAPES && !span.is_skipped() {
            return Ok(Some(src.take(&span)));
        }
        let frame = if span.is_skipped() {
            Ok(None)
        } else {
            let frame = unescape(self, &mut src.bytes_mut()[span.payload()]);
            frame.map(|frame| Some(Frame::copy_from_slice(frame)))
        };
        src.advance(span.len());
        frame
    }
}

/// The meaning of a frame's bytes.
#[inline]
pub(crate) fn unescape<'a, F: Framing>(framing: &mut F, frame: &'a mut [u8]) -> Result<&'a [u8], F::Error> {
    if !F::ESCAPES {
        return Ok(frame);
    }
    let len = framing.unescape(frame)?;
    Ok(&frame[..len])
}

/// Takes a frame off the front of `src`.
fn take<F: Framing>(framing: &mut F, src: &mut BytesMut, span: &Span) -> Result<Option<Frame>, F::Error> {
    if !F::ESCAPES && !span.is_skipped() && !is_copied(span.payload().len()) {
        return Ok(Some(split(src, span).into()));
    }
    let frame = if span.is_skipped() {
        Ok(None)
    } else {
        unescape(framing, &mut src[span.payload()]).map(|frame| Some(Frame::copy_from_slice(frame)))
    };
    src.advance(span.len());
    frame
}
