//! Postcard, a compact binary format for serde.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::WriteBuf;
use crate::message::{Format, Message, ReadFormat, WriteFormat};

/// [Postcard](https://postcard.jamesmunns.com/wire-format) messages, each in a frame of `F`.
///
/// The format does not say how deep a message nests and sets no limit: do not read a type from the open Internet that may
/// contain itself.
///
/// ```
/// use wirework_codec::{Cobs, Deframer, Encoder, Postcard, WriteBuf};
///
/// let mut codec = Postcard::<(u8, String), _>::new(Cobs::new());
/// let mut out = WriteBuf::new();
/// codec.encode((7_u8, "hi"), &mut out)?;
/// assert_eq!(out.to_vec(), b"\x05\x07\x02hi\0");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next()?, Some((7, "hi".to_owned())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Postcard<T, F> = Message<T, F, PostcardFormat>;

/// Postcard's format, for [`Postcard`].
#[derive(Debug)]
pub enum PostcardFormat {}

impl Format for PostcardFormat {
    type Error = PostcardError;
}

impl<T: DeserializeOwned> ReadFormat<T> for PostcardFormat {
    fn read(bytes: &[u8]) -> Result<T, PostcardError> {
        let (message, rest) = postcard::take_from_bytes(bytes)?;
        if rest.is_empty() {
            return Ok(message);
        }
        Err(PostcardError::LeftOver { left: rest.len() })
    }
}

impl<T: Serialize> WriteFormat<T> for PostcardFormat {
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), PostcardError> {
        postcard::to_io(&message, dst)?;
        Ok(())
    }
}

/// What can be wrong with a message in postcard.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PostcardError {
    /// The bytes are no such message, or the message cannot be written.
    #[error(transparent)]
    Postcard(#[from] postcard::Error),
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
        assert_eq!(PostcardFormat::read(b"\x01"), Ok(1_u8));
        let left_over: Result<u8, _> = PostcardFormat::read(b"\x01\x02\x03");
        assert_eq!(left_over, Err(PostcardError::LeftOver { left: 2 }));
        let short: Result<(u8, u8), _> = PostcardFormat::read(b"\x01");
        assert_eq!(
            short,
            Err(PostcardError::Postcard(postcard::Error::DeserializeUnexpectedEnd))
        );
    }
}
