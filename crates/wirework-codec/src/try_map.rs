//! A decoder whose frames something else is made of, or not.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use bytes::BytesMut;

use crate::{BorrowDecoder, Decoder, Encoder, ReadBuf, Span, WriteBuf};

/// What [`Decoder::try_map`] and [`BorrowDecoder::try_map_ref`] return: `F` makes a `T` of each frame of `D`, or refuses it.
///
/// It encodes what `D` encodes.
///
/// ```
/// use wirework_codec::{Deframer, Decoder, Fault, Lines, TryMapError};
///
/// let mut deframer = Deframer::new(Lines::new().try_map(|line| line.parse::<u16>()));
/// deframer.push(b"17\nseventeen\n");
/// assert_eq!(deframer.next()?, Some(17));
/// let error = deframer.next().unwrap_err();
/// assert!(matches!(error.fault(), Fault::Malformed(TryMapError::Map(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TryMap<D, F, T, E> {
    decoder: D,
    function: F,
    made: PhantomData<fn() -> (T, E)>,
}

impl<D, F, T, E> TryMap<D, F, T, E> {
    pub(crate) fn new(decoder: D, map: F) -> Self {
        Self {
            decoder,
            function: map,
            made: PhantomData,
        }
    }
}

impl<D, F, T, E> Decoder for TryMap<D, F, T, E>
where
    D: Decoder,
    F: FnMut(D::Item) -> Result<T, E>,
    E: Error + Send + Sync + 'static,
{
    type Item = T;
    type Error = TryMapError<D::Error, E>;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<T>, Self::Error> {
        let frame = self.decoder.decode(src).map_err(TryMapError::Decoder)?;
        frame.map(&mut self.function).transpose().map_err(TryMapError::Map)
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<T>, Self::Error> {
        let frame = self.decoder.decode_eof(src).map_err(TryMapError::Decoder)?;
        frame.map(&mut self.function).transpose().map_err(TryMapError::Map)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<T>, Self::Error> {
        let frame = self.decoder.decode_from(src, is_ended).map_err(TryMapError::Decoder)?;
        frame.map(&mut self.function).transpose().map_err(TryMapError::Map)
    }
}

impl<D, F, T, E> BorrowDecoder for TryMap<D, F, T, E>
where
    D: BorrowDecoder,
    F: FnMut(D::Frame<'_>) -> Result<T, E>,
    T: Send + 'static,
    E: Error + Send + Sync + 'static,
{
    type Frame<'a>
        = T
    where
        Self: 'a;
    type Error = TryMapError<D::Error, E>;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.decoder.locate(src).map_err(TryMapError::Decoder)
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.decoder.locate_eof(src).map_err(TryMapError::Decoder)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<T, Self::Error> {
        let frame = self.decoder.parse(frame).map_err(TryMapError::Decoder)?;
        (self.function)(frame).map_err(TryMapError::Map)
    }
}

impl<D: Encoder<Item>, F, T, E, Item> Encoder<Item> for TryMap<D, F, T, E> {
    type Error = D::Error;

    #[inline]
    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), D::Error> {
        self.decoder.encode(item, dst)
    }
}

impl<D: fmt::Debug, F, T, E> fmt::Debug for TryMap<D, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryMap")
            .field("decoder", &self.decoder)
            .finish_non_exhaustive()
    }
}

/// What can be wrong with a frame that something else is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryMapError<D, E> {
    /// The decoder does not accept the bytes.
    #[error(transparent)]
    Decoder(D),
    /// The function does not accept the frame.
    #[error(transparent)]
    Map(E),
}
