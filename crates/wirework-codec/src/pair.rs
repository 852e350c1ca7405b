//! A decoder and an encoder of different kinds, as one codec.

use bytes::BytesMut;

use crate::{BorrowDecoder, Decoder, Encoder, ReadBuf, Span, WriteBuf};

/// Decodes with `D` and encodes with `E`: for protocols whose two directions differ.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, LengthDelimited, Lines, Pair, WriteBuf};
///
/// let mut codec = Pair::new(Lines::new(), LengthDelimited::new());
/// let mut out = WriteBuf::new();
/// codec.encode("reply", &mut out)?;
/// assert_eq!(out.to_vec(), b"\0\0\0\x05reply");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(b"request\n");
/// assert_eq!(deframer.next_ref()?, Some("request"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pair<D, E> {
    decoder: D,
    encoder: E,
}

impl<D, E> Pair<D, E> {
    /// The codec of the two.
    pub const fn new(decoder: D, encoder: E) -> Self {
        Self { decoder, encoder }
    }

    /// The decoder.
    pub const fn decoder(&self) -> &D {
        &self.decoder
    }

    /// The decoder, to change its settings between two frames.
    pub const fn decoder_mut(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// The encoder.
    pub const fn encoder(&self) -> &E {
        &self.encoder
    }

    /// The encoder, to change its settings between two frames.
    pub const fn encoder_mut(&mut self) -> &mut E {
        &mut self.encoder
    }

    /// The two.
    pub fn into_parts(self) -> (D, E) {
        (self.decoder, self.encoder)
    }
}

impl<D: Decoder, E> Decoder for Pair<D, E> {
    type Item = D::Item;
    type Error = D::Error;

    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, D::Error> {
        self.decoder.decode(src)
    }

    #[inline]
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, D::Error> {
        self.decoder.decode_eof(src)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<D::Item>, D::Error> {
        self.decoder.decode_from(src, is_ended)
    }
}

impl<D: BorrowDecoder, E> BorrowDecoder for Pair<D, E> {
    type Frame<'a>
        = D::Frame<'a>
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
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<D::Frame<'a>, D::Error> {
        self.decoder.parse(frame)
    }
}

impl<D, E: Encoder<Item>, Item> Encoder<Item> for Pair<D, E> {
    type Error = E::Error;

    #[inline]
    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), E::Error> {
        self.encoder.encode(item, dst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_can_be_reached() {
        let mut pair = Pair::new(1, "a");
        *pair.decoder_mut() += 1;
        *pair.encoder_mut() = "b";
        assert_eq!((pair.decoder(), pair.encoder()), (&2, &"b"));
        assert_eq!(pair.into_parts(), (2, "b"));
    }
}
