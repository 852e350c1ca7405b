//! What can go wrong when bytes are decoded, whatever the codec.

use std::error::Error;
use std::fmt;

use bytes::Bytes;

/// Why no more frames can be decoded, and where in the stream that was.
///
/// `E` is the codec's own error. Formats as one line that names the fault and the place; the codec's part of it is the
/// [`source`](Error::source).
pub struct DecodeError<E>(Box<Inner<E>>);

struct Inner<E> {
    fault: Fault<E>,
    offset: u64,
    unread: Bytes,
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault<E> {
    /// The codec does not accept the bytes.
    Malformed(E),
    /// The stream ended inside a frame.
    Truncated {
        /// How many bytes of it there are.
        left: usize,
    },
    /// A frame is longer than may be buffered.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The decoder returned a frame without consuming any bytes: a bug in the decoder, which would never end.
    NoProgress,
}

impl<E> Fault<E> {
    /// The codec's own error, if that is what it is.
    #[must_use]
    pub fn malformed(&self) -> Option<&E> {
        match self {
            Self::Malformed(source) => Some(source),
            _ => None,
        }
    }
}

impl<E> DecodeError<E> {
    pub(crate) fn new(fault: Fault<E>, offset: u64, unread: Bytes) -> Self {
        Self(Box::new(Inner { fault, offset, unread }))
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault<E> {
        &self.0.fault
    }

    /// What is wrong, by value.
    #[must_use]
    pub fn into_fault(self) -> Fault<E> {
        self.0.fault
    }

    /// Where in the stream the faulty frame starts, in bytes from its beginning.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The bytes that were read and that the decoder did not consume.
    #[must_use]
    pub fn unread(&self) -> &Bytes {
        &self.0.unread
    }
}

impl<E: fmt::Debug> fmt::Debug for DecodeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("fault", &self.0.fault)
            .field("offset", &self.0.offset)
            .field("unread", &self.0.unread)
            .finish()
    }
}

impl<E> fmt::Display for DecodeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.0.offset;
        match &self.0.fault {
            Fault::Malformed(_) => write!(f, "malformed frame at byte {offset}"),
            Fault::Truncated { left } => {
                write!(
                    f,
                    "stream ended inside a frame at byte {offset}: {left} bytes left over"
                )
            }
            Fault::TooLong { limit } => {
                write!(
                    f,
                    "frame at byte {offset} is longer than the buffer limit of {limit} bytes; see max_buffered"
                )
            }
            Fault::NoProgress => write!(
                f,
                "decoder returned a frame without consuming any bytes at byte {offset}"
            ),
        }
    }
}

impl<E: Error + 'static> Error for DecodeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.fault {
            Fault::Malformed(source) => Some(source),
            _ => None,
        }
    }
}
