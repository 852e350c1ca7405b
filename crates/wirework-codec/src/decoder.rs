//! Bytes to frames that own what they hold: the trait that a protocol's reading side implements.
//!
//! There are two ways to hand out a frame, so there are two traits: [`Decoder`] gives frames that own their bytes,
//! [`BorrowDecoder`](crate::BorrowDecoder) frames that lie in the read buffer and cost no allocation and no reference count.
//! [`Framing`](crate::Framing) is below both: it knows where frames end and not what they mean, and whatever implements it is a
//! decoder of either kind.

use std::error::Error;

use bytes::BytesMut;

use crate::{Glance, Limit, Map, ReadBuf, Span, TryMap};

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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not decode frames that own their bytes",
    label = "not a `Decoder`",
    note = "implement `Framing`, if its frames are bytes, or `Decoder`; a `BorrowDecoder` alone is used with `next_ref`"
)]
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

    /// As [`decode`](Self::decode) or, if `is_ended`, [`decode_eof`](Self::decode_eof), from the buffer of a
    /// [`Deframer`](crate::Deframer): this is what it calls.
    ///
    /// There is no need to override it, other than speed: a decoder that looks at the bytes in place saves them a move.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<Self::Item>, Self::Error> {
        let src = src.gathered();
        if is_ended {
            self.decode_eof(src)
        } else {
            self.decode(src)
        }
    }

    /// Whether it cuts frames off a buffer and needs nothing else, so that it can do so in two steps:
    /// [`find_cut`](Self::find_cut), then [`cut`](Self::cut) or [`copy`](Self::copy). A frame by value, handed from function
    /// to function, costs more than to find it.
    #[doc(hidden)]
    #[inline]
    fn cuts(&self) -> bool {
        false
    }

    #[doc(hidden)]
    #[inline]
    fn find_cut(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        let _ = src;
        Ok(None)
    }

    /// As [`find_cut`](Self::find_cut), at a glance; see [`BorrowDecoder::glance`](crate::BorrowDecoder::glance).
    #[doc(hidden)]
    #[inline]
    fn glance_cut(&self, src: &[u8]) -> Glance {
        let _ = src;
        Glance::Never
    }

    /// Whether a frame whose payload is that long is made by [`copy`](Self::copy) rather than by [`cut`](Self::cut).
    #[doc(hidden)]
    #[inline]
    fn copies(&self, len: usize) -> bool {
        let _ = len;
        false
    }

    #[doc(hidden)]
    #[inline]
    fn copy(&mut self, frame: &[u8]) -> Result<Self::Item, Self::Error> {
        let _ = frame;
        unreachable!("a decoder that copies says how")
    }

    #[doc(hidden)]
    #[inline]
    fn cut(&mut self, src: &mut ReadBuf, span: &Span) -> Self::Item {
        let _ = (src, span);
        unreachable!("a decoder that finds where to cut cuts there")
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
