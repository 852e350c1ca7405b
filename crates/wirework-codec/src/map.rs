//! A decoder whose frames something else is made of.

use std::fmt;
use std::marker::PhantomData;

use bytes::BytesMut;

use crate::{BorrowDecoder, Decoder, Encoder, ReadBuf, Span, WriteBuf};

/// What [`Decoder::map`] and [`BorrowDecoder::map_ref`] return: `F` makes a `T` of each frame of `D`.
///
/// It encodes what `D` encodes.
///
/// ```
/// use wirework_codec::{BorrowDecoder, Deframer, Decoder, Lines};
///
/// let mut deframer = Deframer::new(Lines::new().map(|line| line.to_uppercase()));
/// deframer.push(b"loud\n");
/// assert_eq!(deframer.next()?, Some("LOUD".to_owned()));
///
/// let mut deframer = Deframer::new(Lines::new().map_ref(|line: &str| line.len()));
/// deframer.push(b"four\n");
/// assert_eq!(deframer.next_ref()?, Some(4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Map<D, F, T> {
    decoder: D,
    function: F,
    made: PhantomData<fn() -> T>,
}

impl<D, F, T> Map<D, F, T> {
    pub(crate) fn new(decoder: D, map: F) -> Self {
        Self {
            decoder,
            function: map,
            made: PhantomData,
        }
    }
}

impl<D: Decoder, F: FnMut(D::Item) -> T, T> Decoder for Map<D, F, T> {
    type Item = T;
    type Error = D::Error;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<T>, D::Error> {
        let frame = self.decoder.decode(src)?;
        Ok(frame.map(&mut self.function))
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<T>, D::Error> {
        let frame = self.decoder.decode_eof(src)?;
        Ok(frame.map(&mut self.function))
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<T>, D::Error> {
        let frame = self.decoder.decode_from(src, is_ended)?;
        Ok(frame.map(&mut self.function))
    }
}

impl<D: BorrowDecoder, F: FnMut(D::Frame<'_>) -> T, T: Send + 'static> BorrowDecoder for Map<D, F, T> {
    type Frame<'a>
        = T
    where
        Self: 'a;
    type Error = D::Error;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, D::Error> {
        self.decoder.locate(src)
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, D::Error> {
        self.decoder.locate_eof(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<T, D::Error> {
        let frame = self.decoder.parse(frame)?;
        Ok((self.function)(frame))
    }
}

impl<D: Encoder<Item>, F, T, Item> Encoder<Item> for Map<D, F, T> {
    type Error = D::Error;

    #[inline]
    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), D::Error> {
        self.decoder.encode(item, dst)
    }
}

impl<D: fmt::Debug, F, T> fmt::Debug for Map<D, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("decoder", &self.decoder)
            .finish_non_exhaustive()
    }
}
