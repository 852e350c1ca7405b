//! Messages in frames: a format (JSON, say) inside a framing (lines, say).
//!
//! Any format goes with any framing, so each is written once. What makes a message of bytes never sees where they end,
//! which is the framing's business: two numbers `1` and `2` in a row are never read as `12`.

#[cfg(feature = "cbor")]
mod cbor;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "messagepack")]
mod message_pack;
#[cfg(feature = "postcard")]
mod postcard;
#[cfg(feature = "protobuf")]
mod protobuf;

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use bytes::BytesMut;
use thiserror::Error;

#[cfg(feature = "cbor")]
pub use self::cbor::{Cbor, CborError, CborFormat};
#[cfg(feature = "json")]
pub use self::json::{Json, JsonFormat, JsonLines};
#[cfg(feature = "messagepack")]
pub use self::message_pack::{MessagePack, MessagePackError, MessagePackFormat};
#[cfg(feature = "postcard")]
pub use self::postcard::{Postcard, PostcardError, PostcardFormat};
#[cfg(feature = "protobuf")]
pub use self::protobuf::{Protobuf, ProtobufFormat};
use crate::borrow_decoder::{decode_in_place, decode_owned};
use crate::framing::unescape;
use crate::{BorrowDecoder, Decoder, Enclose, Encoder, Framing, Glance, ReadBuf, Span, WriteBuf};

/// A way to write messages as bytes.
///
/// Those that come with this crate each are behind a feature of the same name: `json`, `postcard`, `cbor`, `messagepack`,
/// `protobuf`.
pub trait Format {
    /// What can be wrong with a message.
    type Error: Error + Send + Sync + 'static;
}

/// A [`Format`] that can read messages of type `T`.
pub trait ReadFormat<T>: Format {
    /// Makes a message of `bytes`, all of which are of this message.
    ///
    /// # Errors
    /// Fails when they are no such message, or when bytes are left over.
    fn read(bytes: &[u8]) -> Result<T, Self::Error>;
}

/// A [`Format`] that can write messages of type `T`.
pub trait WriteFormat<T>: Format {
    /// Appends `message` to `dst`, by copying.
    ///
    /// # Errors
    /// Fails when the format cannot express the message.
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), Self::Error>;
}

/// Messages in the format `M`, each in a frame of `F`: reads `T`, and writes whatever the format can.
///
/// Reading a message allocates what the message itself does and nothing else, and writing one needs no buffer besides the one
/// it is sent from. How long a message may be is the framing's business. A message that is malformed ends the stream.
///
/// ```
/// use std::num::ParseIntError;
/// use std::str;
/// use wirework_codec::{ByteLines, Deframer, Encoder, Format, Message, ReadFormat, WriteBuf, WriteFormat};
///
/// /// Numbers as text.
/// enum Decimal {}
///
/// impl Format for Decimal {
///     type Error = ParseIntError;
/// }
///
/// impl ReadFormat<u32> for Decimal {
///     fn read(bytes: &[u8]) -> Result<u32, ParseIntError> {
///         str::from_utf8(bytes).unwrap_or("not text").parse()
///     }
/// }
///
/// impl WriteFormat<u32> for Decimal {
///     fn write(number: u32, dst: &mut WriteBuf) -> Result<(), ParseIntError> {
///         dst.put_slice(number.to_string().as_bytes());
///         Ok(())
///     }
/// }
///
/// let mut codec = Message::<u32, _, Decimal>::new(ByteLines::new());
/// let mut out = WriteBuf::new();
/// codec.encode(1, &mut out)?;
/// codec.encode(2, &mut out)?;
/// assert_eq!(out.to_vec(), b"1\n2\n");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(1));
/// assert_eq!(deframer.next_ref()?, Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Message<T, F, M> {
    framing: F,
    format: PhantomData<fn() -> (T, M)>,
}

impl<T, F: Framing + Enclose, M: Format> Message<T, F, M> {
    /// The codec for messages in frames of `framing`.
    #[must_use]
    pub fn new(framing: F) -> Self {
        Self {
            framing,
            format: PhantomData,
        }
    }
}

impl<T, F: Framing + Enclose + Default, M: Format> Default for Message<T, F, M> {
    fn default() -> Self {
        Self::new(F::default())
    }
}

impl<T, F: Framing, M: ReadFormat<T>> BorrowDecoder for Message<T, F, M>
where
    T: Send + 'static,
{
    type Frame<'a>
        = T
    where
        Self: 'a;
    type Error = MessageError<F::Error, M::Error>;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.framing.find(src).map_err(MessageError::Framing)
    }

    #[inline]
    fn locate_eof(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.framing.find_eof(src).map_err(MessageError::Framing)
    }

    #[inline]
    fn glance(&self, src: &[u8]) -> Glance {
        self.framing.glance_at(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<T, Self::Error> {
        let frame = unescape(&mut self.framing, frame).map_err(MessageError::Framing)?;
        M::read(frame).map_err(MessageError::Format)
    }
}

impl<T, F: Framing, M: ReadFormat<T>> Decoder for Message<T, F, M>
where
    T: Send + 'static,
    F: 'static,
    M: 'static,
{
    type Item = T;
    type Error = MessageError<F::Error, M::Error>;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<T>, Self::Error> {
        decode_owned(self, src, false, |message| message)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<T>, Self::Error> {
        decode_owned(self, src, true, |message| message)
    }

    #[inline]
    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<T>, Self::Error> {
        decode_in_place(self, src, is_ended, |message| message)
    }

    #[inline]
    fn cuts(&self) -> bool {
        !F::ESCAPES
    }

    #[inline]
    fn find_cut(&mut self, src: &[u8]) -> Result<Option<Span>, Self::Error> {
        self.framing.find(src).map_err(MessageError::Framing)
    }

    #[inline]
    fn glance_cut(&self, src: &[u8]) -> Glance {
        self.framing.glance_at(src)
    }

    #[inline]
    fn copies(&self, _: usize) -> bool {
        true
    }

    #[inline]
    fn copy(&mut self, frame: &[u8]) -> Result<T, Self::Error> {
        M::read(frame).map_err(MessageError::Format)
    }
}

impl<S, T, F: Enclose, M: WriteFormat<S>> Encoder<S> for Message<T, F, M> {
    type Error = MessageError<F::Error, M::Error>;

    fn encode(&mut self, message: S, dst: &mut WriteBuf) -> Result<(), Self::Error> {
        let before = dst.mark();
        let mark = self.framing.open(dst);
        let written = M::write(message, dst).map_err(MessageError::Format);
        let result = written.and_then(|()| self.framing.close(mark, dst).map_err(MessageError::Framing));
        if result.is_err() {
            dst.roll_back(before);
        }
        result
    }
}

impl<T, F: Clone, M> Clone for Message<T, F, M> {
    fn clone(&self) -> Self {
        Self {
            framing: self.framing.clone(),
            format: PhantomData,
        }
    }
}

impl<T, F: fmt::Debug, M> fmt::Debug for Message<T, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

/// What can be wrong with a message in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageError<F, M> {
    /// The framing does not accept the bytes.
    #[error(transparent)]
    Framing(F),
    /// The frame is no message, or the message cannot be written.
    #[error(transparent)]
    Format(M),
}
