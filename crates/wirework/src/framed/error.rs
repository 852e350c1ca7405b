//! What can go wrong on a framed connection: the transport's error or the codec's, kept apart.

use std::error::Error;
use std::fmt;
use std::io;

use wirework_codec::{DecodeError, Fault};

/// Why reading frames failed. `E` is the decoder's error.
///
/// Turns into an [`io::Error`] with `?`: handlers that need not tell the cases apart just return [`io::Result`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The connection failed.
    Io(io::Error),
    /// The bytes are not what the protocol allows, or the stream ended inside a frame.
    Decode(DecodeError<E>),
}

/// Why writing frames failed. `E` is the encoder's error.
///
/// Turns into an [`io::Error`] with `?`.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError<E> {
    /// The connection failed, now or in an earlier attempt to write.
    Io(io::Error),
    /// The protocol cannot carry the frame. Nothing of it was sent, and other frames can be.
    Encode(E),
}

impl<E> From<io::Error> for ReadError<E> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<E> From<DecodeError<E>> for ReadError<E> {
    fn from(error: DecodeError<E>) -> Self {
        Self::Decode(error)
    }
}

impl<E> From<io::Error> for WriteError<E> {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("cannot read from the connection"),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl<E> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("cannot write to the connection"),
            Self::Encode(_) => f.write_str("cannot encode the frame"),
        }
    }
}

impl<E: Error + 'static> Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Decode(error) => error.source(),
        }
    }
}

impl<E: Error + 'static> Error for WriteError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Encode(error) => Some(error),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<ReadError<E>> for io::Error {
    fn from(error: ReadError<E>) -> Self {
        match error {
            ReadError::Io(error) => error,
            ReadError::Decode(error) => {
                let kind = match error.fault() {
                    Fault::Truncated { .. } => io::ErrorKind::UnexpectedEof,
                    _ => io::ErrorKind::InvalidData,
                };
                io::Error::new(kind, error)
            }
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<WriteError<E>> for io::Error {
    fn from(error: WriteError<E>) -> Self {
        match error {
            WriteError::Io(error) => error,
            error @ WriteError::Encode(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
        }
    }
}
