//! The Concise Binary Object Representation (RFC 8949).

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::WriteBuf;
use crate::message::{Format, Message, ReadFormat, WriteFormat};

/// How deep a message may nest.
const MAX_DEPTH: usize = 128;

/// CBOR messages, each in a frame of `F`. They nest at most 128 deep.
///
/// ```
/// use wirework_codec::{Cbor, Deframer, Encoder, LengthDelimited, WriteBuf};
///
/// let mut codec = Cbor::<Vec<u32>, _>::new(LengthDelimited::new());
/// let mut out = WriteBuf::new();
/// codec.encode([1, 300], &mut out)?;
/// assert_eq!(out.to_vec(), b"\0\0\0\x05\x82\x01\x19\x01\x2c");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next()?, Some(vec![1, 300]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Cbor<T, F> = Message<T, F, CborFormat>;

/// CBOR, for [`Cbor`].
#[derive(Debug)]
pub enum CborFormat {}

impl Format for CborFormat {
    type Error = CborError;
}

impl<T: DeserializeOwned> ReadFormat<T> for CborFormat {
    fn read(mut bytes: &[u8]) -> Result<T, CborError> {
        let message = ciborium::de::from_reader_with_recursion_limit(&mut bytes, MAX_DEPTH)?;
        if bytes.is_empty() {
            return Ok(message);
        }
        Err(CborError::LeftOver { left: bytes.len() })
    }
}

impl<T: Serialize> WriteFormat<T> for CborFormat {
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), CborError> {
        ciborium::into_writer(&message, dst)?;
        Ok(())
    }
}

/// What can be wrong with a message in CBOR.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CborError {
    /// The bytes are no such message.
    #[error("not a CBOR message")]
    Decode(#[from] ciborium::de::Error<io::Error>),
    /// The message cannot be written.
    #[error("message cannot be written as CBOR")]
    Encode(#[from] ciborium::ser::Error<io::Error>),
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
        assert_eq!(CborFormat::read(b"\x01").ok(), Some(1_u8));
        let left_over: Result<u8, _> = CborFormat::read(b"\x01\x02\x03");
        assert!(matches!(left_over, Err(CborError::LeftOver { left: 2 })));
        let other: Result<String, _> = CborFormat::read(b"\x01");
        assert!(matches!(
            other,
            Err(CborError::Decode(ciborium::de::Error::Semantic(..)))
        ));
        let short: Result<u16, _> = CborFormat::read(b"\x19\x01");
        assert!(matches!(short, Err(CborError::Decode(ciborium::de::Error::Io(_)))));
    }

    #[test]
    fn depth_is_bounded() {
        let deep: Result<ciborium::Value, _> = CborFormat::read(&[0x81; 10_000]);
        assert!(matches!(
            deep,
            Err(CborError::Decode(ciborium::de::Error::RecursionLimitExceeded))
        ));
    }
}
