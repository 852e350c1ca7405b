//! Bytes to frames that are borrowed: the trait that a protocol's reading side implements where copies would cost too much.

use std::error::Error;

use bytes::{Buf, BytesMut};

use crate::{Glance, Map, ReadBuf, Span, TryMap};

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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not decode frames that are borrowed",
    label = "not a `BorrowDecoder`",
    note = "implement `Framing`, if its frames are bytes, or `BorrowDecoder`; a `Decoder` alone is used with `next`"
)]
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

    /// The next frame at the front of `src`, as [`locate`](Self::locate) would find it. Whoever asks is inlined where frames are
    /// asked for, and has just this one way to get them, so that nothing has to be looked at twice.
    #[doc(hidden)]
    #[inline]
    fn glance(&self, src: &[u8]) -> Glance {
        let _ = src;
        Glance::Never
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

/// Takes a located frame off the front of `src`, in the form that `own` gives it: how a [`BorrowDecoder`] is a
/// [`Decoder`] as well.
pub(crate) fn decode_owned<D: BorrowDecoder, T>(
    decoder: &mut D,
    src: &mut BytesMut,
    is_ended: bool,
    own: impl FnOnce(D::Frame<'_>) -> T,
) -> Result<Option<T>, D::Error> {
    let Some(span) = locate(decoder, src, is_ended)? else {
        return Ok(None);
    };
    let frame = if span.is_skipped() {
        Ok(None)
    } else {
        decoder.parse(&mut src[span.payload()]).map(|frame| Some(own(frame)))
    };
    src.advance(span.len());
    frame
}

/// As [`decode_owned`], in place.
#[inline]
pub(crate) fn decode_in_place<D: BorrowDecoder, T>(
    decoder: &mut D,
    src: &mut ReadBuf,
    is_ended: bool,
    own: impl FnOnce(D::Frame<'_>) -> T,
) -> Result<Option<T>, D::Error> {
    let bytes = src.bytes_mut();
    let Some(span) = locate(decoder, bytes, is_ended)? else {
        return Ok(None);
    };
    let frame = if span.is_skipped() {
        Ok(None)
    } else {
        decoder.parse(&mut bytes[span.payload()]).map(|frame| Some(own(frame)))
    };
    src.advance(span.len());
    frame
}

#[inline]
fn locate<D: BorrowDecoder>(decoder: &mut D, src: &[u8], is_ended: bool) -> Result<Option<Span>, D::Error> {
    if is_ended {
        decoder.locate_eof(src)
    } else {
        decoder.locate(src)
    }
}
