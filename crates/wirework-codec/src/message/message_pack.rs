//! `MessagePack`, JSON's data model in fewer bytes.

use rmp_serde::{Deserializer, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::WriteBuf;
use crate::message::{Format, Message, ReadFormat, WriteFormat};

/// How deep a message may nest.
const MAX_DEPTH: usize = 128;

/// [`MessagePack`](https://msgpack.org) messages, each in a frame of `F`. They nest at most 128 deep.
///
/// Structs are written as maps with the names of their fields, as other languages expect it, and read as maps or arrays.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wirework_codec::{Deframer, Encoder, MessagePack, VarintDelimited, WriteBuf};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// let mut codec = MessagePack::<Point, _>::new(VarintDelimited::new());
/// let mut out = WriteBuf::new();
/// codec.encode(&Point { x: 1, y: 2 }, &mut out)?;
/// assert_eq!(out.to_vec(), b"\x07\x82\xa1x\x01\xa1y\x02");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next()?, Some(Point { x: 1, y: 2 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type MessagePack<T, F> = Message<T, F, MessagePackFormat>;

/// `MessagePack`'s format, for [`MessagePack`].
#[derive(Debug)]
pub enum MessagePackFormat {}

impl Format for MessagePackFormat {
    type Error = MessagePackError;
}

impl<T: DeserializeOwned> ReadFormat<T> for MessagePackFormat {
    fn read(bytes: &[u8]) -> Result<T, MessagePackError> {
        let mut deserializer = Deserializer::new(bytes);
        deserializer.set_max_depth(MAX_DEPTH);
        let message = T::deserialize(&mut deserializer)?;
        let rest = deserializer.get_ref();
        if rest.is_empty() {
            return Ok(message);
        }
        Err(MessagePackError::LeftOver { left: rest.len() })
    }
}

impl<T: Serialize> WriteFormat<T> for MessagePackFormat {
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), MessagePackError> {
        encode::write_named(dst, &message)?;
        Ok(())
    }
}

/// What can be wrong with a message in `MessagePack`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MessagePackError {
    /// The bytes are no such message.
    #[error("not a MessagePack message")]
    Decode(#[from] decode::Error),
    /// The message cannot be written.
    #[error("message cannot be written as MessagePack")]
    Encode(#[from] encode::Error),
    /// There are more bytes in the frame than the message takes.
    #[error("{left} bytes are left over behind the message")]
    LeftOver {
        /// How many.
        left: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_messages_are_errors() {
        assert_eq!(MessagePackFormat::read(b"\x01").ok(), Some(1_u8));
        let left_over: Result<u8, _> = MessagePackFormat::read(b"\x01\x02\x03");
        assert!(matches!(left_over, Err(MessagePackError::LeftOver { left: 2 })));
        let other: Result<u8, _> = MessagePackFormat::read(b"\xa1x");
        assert!(matches!(other, Err(MessagePackError::Decode(_))), "{other:?}");
        let short: Result<u16, _> = MessagePackFormat::read(b"\xcd\x01");
        let error = short.unwrap_err();
        assert!(
            matches!(error, MessagePackError::Decode(decode::Error::InvalidDataRead(_))),
            "{error:?}"
        );
    }

    #[test]
    fn depth_is_bounded() {
        let deep: Result<serde::de::IgnoredAny, _> = MessagePackFormat::read(&[0x91; 10_000]);
        assert!(matches!(
            deep,
            Err(MessagePackError::Decode(decode::Error::DepthLimitExceeded))
        ));
    }
}
