//! A decoder whose frames must not be too long.

use bytes::BytesMut;
use thiserror::Error;

use crate::{BorrowDecoder, Decoder, Encoder, ReadBuf, Span, WriteBuf};

/// What [`Decoder::limit`] returns: frames that take more bytes of the stream than allowed are an error.
///
/// It counts all that a frame takes, its header and delimiter included. It encodes what `D` encodes, of any length.
///
/// ```
/// use wirework_codec::{Deframer, Decoder, LimitError, Lines};
///
/// let mut deframer = Deframer::new(Lines::new().limit(6));
/// deframer.push(b"short\ntoo long\n");
/// assert_eq!(deframer.next_ref()?, Some("short"));
/// let error = deframer.next_ref().unwrap_err();
/// assert_eq!(error.fault().malformed(), Some(&LimitError::TooLong { limit: 6 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Limit<D> {
    decoder: D,
    limit: usize,
}

impl<D> Limit<D> {
    pub(crate) fn new(decoder: D, limit: usize) -> Self {
        Self { decoder, limit }
    }

    #[inline]
    fn check<E>(&self, len: usize) -> Result<(), LimitError<E>> {
        if len > self.limit {
            return Err(LimitError::TooLong { limit: self.limit });
        }
        Ok(())
    }

    fn check_decoded<T, E>(&self, frame: Option<T>, before: usize, after: usize) -> Result<Option<T>, LimitError<E>> {
        let consumed = before.saturating_sub(after);
        match frame {
            Some(_) => self.check(consumed)?,
            None if consumed == 0 => self.check(after)?,
            // What was skipped is of no frame.
            None => {}
        }
        Ok(frame)
    }

    #[inline]
    fn check_located<E>(&self, span: Option<Span>, buffered: usize) -> Result<Option<Span>, LimitError<E>> {
        match &span {
            Some(span) if span.is_skipped() => {}
            Some(span) => self.check(span.len())?,
            None => self.check(buffered)?,
        }
        Ok(span)
    }
}

impl<D: Decoder> Decoder for Limit<D> {
    type Item = D::Item;
    type Error = LimitError<D::Error>;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, Self::Error> {
        let before = src.len();
        let frame = self.decoder.decode(src).map_err(LimitError::Decoder)?;
        self.check_decoded(frame, before, src.len())
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, Self::Error> {
        let before = src.len();
        let frame = self.decoder.decode_eof(src).map_err(LimitError::Decoder)?;
        self.check_decoded(frame, before, src.len())
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<D::Item>, Self::Error> {
        let before = src.len();
        let frame = self.decoder.decode_from(src, is_ended).map_err(LimitError::Decoder)?;
        self.check_decoded(frame, before, src.len())
    }
}

impl<D: BorrowDecoder> BorrowDecoder for Limit<D> {
    type Frame<'a>
        = D::Frame<'a>
    where
        Self: 'a;
    type Error = LimitError<D::Error>;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        let span = self.decoder.locate(src).map_err(LimitError::Decoder)?;
        self.check_located(span, src.len())
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        let span = self.decoder.locate_eof(src).map_err(LimitError::Decoder)?;
        self.check_located(span, src.len())
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<D::Frame<'a>, Self::Error> {
        self.decoder.parse(frame).map_err(LimitError::Decoder)
    }
}

impl<D: Encoder<Item>, Item> Encoder<Item> for Limit<D> {
    type Error = D::Error;

    #[inline]
    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), D::Error> {
        self.decoder.encode(item, dst)
    }
}

/// What can be wrong with a frame that must not be too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitError<E> {
    /// The decoder does not accept the bytes.
    #[error(transparent)]
    Decoder(E),
    /// The frame is longer than allowed.
    #[error("frame is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes, with all that the frame takes.
        limit: usize,
    },
}
