//! Codecs across the border: those of tokio-util in wirework, and those of wirework in tokio-util.
//!
//! So that a program can move one connection at a time, in either direction, and keep the codecs that it has.

use std::error::Error;
use std::io;

use thiserror::Error;
use tokio_util::codec as tokio_codec;
use wirework::codec::bytes::BytesMut;
use wirework::codec::{Decoder, Encoder, MAX_BUFFERED, WriteBuf};

/// A codec of tokio-util, to be used in wirework.
///
/// ```
/// use tokio_util::codec::LinesCodec;
/// use wirework::codec::{Deframer, Encoder, WriteBuf};
/// use wirework_tokio::FromTokioUtil;
///
/// let mut codec = FromTokioUtil::new(LinesCodec::new());
/// let mut out = WriteBuf::new();
/// codec.encode("hello", &mut out)?;
/// assert_eq!(out.to_vec(), b"hello\n");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(b"hello\n");
/// assert_eq!(deframer.next()?.as_deref(), Some("hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FromTokioUtil<C> {
    codec: C,
    /// Where it encodes to, since it knows of `BytesMut` only.
    encoded: BytesMut,
}

impl<C> FromTokioUtil<C> {
    /// The codec, for wirework.
    pub fn new(codec: C) -> Self {
        Self {
            codec,
            encoded: BytesMut::new(),
        }
    }
}

impl<C> Decoder for FromTokioUtil<C>
where
    C: tokio_codec::Decoder<Error: Error + Send + Sync + 'static>,
{
    type Item = C::Item;
    type Error = C::Error;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<C::Item>, C::Error> {
        self.codec.decode(src)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<C::Item>, C::Error> {
        self.codec.decode_eof(src)
    }
}

impl<C, Item> Encoder<Item> for FromTokioUtil<C>
where
    C: tokio_codec::Encoder<Item, Error: Error + Send + Sync + 'static>,
{
    type Error = C::Error;

    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), C::Error> {
        // What an encoder appends before it fails must not be sent.
        self.encoded.clear();
        self.codec.encode(item, &mut self.encoded)?;
        dst.put_bytes(self.encoded.split().freeze());
        Ok(())
    }
}

/// A codec of wirework, to be used in tokio-util.
///
/// What a [`Deframer`](wirework::codec::Deframer) watches is watched here as well: a frame takes at most
/// [2 MiB](MAX_BUFFERED) of buffer and consumes something, and bytes left over at the end are an error.
///
/// ```
/// use tokio_util::codec::{Decoder, Encoder};
/// use wirework::codec::{Netstring, bytes::BytesMut};
/// use wirework_tokio::IntoTokioUtil;
///
/// let mut codec = IntoTokioUtil::new(Netstring::new());
/// let mut bytes = BytesMut::new();
/// codec.encode("hello", &mut bytes)?;
/// assert_eq!(bytes, "5:hello,");
/// assert_eq!(codec.decode(&mut bytes)?.as_deref(), Some(&b"hello"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct IntoTokioUtil<C> {
    codec: C,
    /// Where it encodes to, since it knows of `WriteBuf` only.
    encoded: WriteBuf,
}

impl<C> IntoTokioUtil<C> {
    /// The codec, for tokio-util.
    pub fn new(codec: C) -> Self {
        Self {
            codec,
            encoded: WriteBuf::new(),
        }
    }
}

impl<C: Decoder> IntoTokioUtil<C> {
    fn decode_with(
        &mut self,
        src: &mut BytesMut,
        decode: impl Fn(&mut C, &mut BytesMut) -> Result<Option<C::Item>, C::Error>,
    ) -> Result<Option<C::Item>, CodecError<C::Error>> {
        loop {
            let before = src.len();
            let decoded = decode(&mut self.codec, src).map_err(CodecError::Codec)?;
            let is_progress = src.len() < before;
            match decoded {
                Some(frame) if is_progress => return Ok(Some(frame)),
                Some(_) => return Err(CodecError::NoProgress),
                // Bytes were skipped; a frame may follow them.
                None if is_progress => {}
                None if src.len() >= MAX_BUFFERED => return Err(CodecError::TooLong { limit: MAX_BUFFERED }),
                None => return Ok(None),
            }
        }
    }
}

impl<C: Decoder> tokio_codec::Decoder for IntoTokioUtil<C> {
    type Item = C::Item;
    type Error = CodecError<C::Error>;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<C::Item>, Self::Error> {
        self.decode_with(src, C::decode)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<C::Item>, Self::Error> {
        match self.decode_with(src, C::decode_eof)? {
            None if !src.is_empty() => Err(CodecError::Truncated { left: src.len() }),
            frame => Ok(frame),
        }
    }
}

impl<C: Encoder<Item>, Item> tokio_codec::Encoder<Item> for IntoTokioUtil<C> {
    type Error = CodecError<C::Error>;

    fn encode(&mut self, item: Item, dst: &mut BytesMut) -> Result<(), Self::Error> {
        if let Err(error) = self.codec.encode(item, &mut self.encoded) {
            self.encoded.clear();
            return Err(CodecError::Codec(error));
        }
        dst.reserve(self.encoded.len());
        while !self.encoded.is_empty() {
            let chunk = self.encoded.chunk();
            dst.extend_from_slice(chunk);
            let copied = chunk.len();
            self.encoded.advance(copied);
        }
        Ok(())
    }
}

/// What can go wrong with a codec of wirework in tokio-util, which joins its errors with those of I/O.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError<E> {
    /// The codec does not accept the bytes, or the frame.
    #[error(transparent)]
    Codec(E),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The stream ended inside a frame.
    #[error("stream ended inside a frame: {left} bytes left over")]
    Truncated {
        /// How many bytes of it there are.
        left: usize,
    },
    /// A frame is longer than may be buffered.
    #[error("frame is longer than the buffer limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The decoder returned a frame without consuming any bytes: a bug in the decoder, which would never end.
    #[error("decoder returned a frame without consuming any bytes")]
    NoProgress,
}

#[cfg(test)]
mod tests {
    use tokio_util::codec::{Decoder as _, Encoder as _, LengthDelimitedCodec};
    use wirework::codec::bytes::Bytes;
    use wirework::codec::{ByteLines, Cobs, Lines, LinesError};
    use wirework_testkit::{verify_decoder, verify_round_trip};

    use super::*;

    #[test]
    fn codecs_of_tokio_util_keep_our_contract() {
        let make = || FromTokioUtil::new(LengthDelimitedCodec::new());
        let outcome = verify_decoder(make, b"\0\0\0\x03one\0\0\0\0\0\0\0\x03tw");
        assert_eq!(outcome.frames, [&b"one"[..], b""]);
        assert!(outcome.failure.is_some());
        let lines = || FromTokioUtil::new(tokio_util::codec::LinesCodec::new());
        verify_round_trip(lines, &["one".to_owned(), String::new()]);
    }

    #[test]
    fn a_failed_encode_leaves_nothing_behind_either_way() {
        let mut short = LengthDelimitedCodec::builder();
        let mut codec = FromTokioUtil::new(short.max_frame_length(3).new_codec());
        let mut dst = WriteBuf::new();
        codec.encode(Bytes::from("ok"), &mut dst).unwrap();
        codec.encode(Bytes::from("too long"), &mut dst).unwrap_err();
        assert_eq!(dst.to_vec(), b"\0\0\0\x02ok");

        let mut codec = IntoTokioUtil::new(ByteLines::new());
        let mut dst = BytesMut::new();
        codec.encode("ok", &mut dst).unwrap();
        let error = codec.encode("a\nb", &mut dst).unwrap_err();
        assert!(matches!(error, CodecError::Codec(LinesError::LineBreak { at: 1 })));
        codec.encode(Bytes::from(vec![b'x'; 5000]), &mut dst).unwrap();
        assert_eq!(dst.len(), 3 + 5001);
    }

    #[test]
    fn codecs_of_ours_skip_and_end_in_tokio_util() {
        let mut codec = IntoTokioUtil::new(Cobs::new());
        let mut src = BytesMut::from(&b"\0\0\x02a\0\x02"[..]);
        assert_eq!(codec.decode(&mut src).unwrap().unwrap(), "a");
        assert!(codec.decode(&mut src).unwrap().is_none());
        let error = codec.decode_eof(&mut src).unwrap_err();
        assert!(matches!(error, CodecError::Truncated { left: 1 }));
    }

    #[test]
    fn a_frame_of_ours_cannot_fill_the_memory_of_tokio_util() {
        let mut codec = IntoTokioUtil::new(Lines::new().max_len(usize::MAX));
        let mut src = BytesMut::from(&vec![b'x'; MAX_BUFFERED][..]);
        let error = codec.decode(&mut src).unwrap_err();
        assert!(matches!(error, CodecError::TooLong { limit: MAX_BUFFERED }));
    }
}
