//! What a framed connection is made of, for taking it apart and for exchanging codecs.

use std::io;

use thiserror::Error;
use wirework_codec::WriteBuf;
use wirework_codec::bytes::Bytes;

/// The parts of a [`Framed`](crate::Framed); see [`into_parts`](crate::Framed::into_parts).
#[derive(Debug)]
#[must_use = "bytes that were read ahead belong to whoever goes on with the connection"]
pub struct FramedParts<C, D, E = D> {
    /// The connection.
    pub connection: C,
    /// The decoder.
    pub decoder: D,
    /// The encoder.
    pub encoder: E,
    /// Bytes that were read and not decoded. They come before what `connection` reads next.
    pub read_ahead: Bytes,
    /// Bytes that were encoded and not written.
    pub unsent: WriteBuf,
}

impl<C, D, E> FramedParts<C, D, E> {
    /// The bare connection, for a change of protocol at which the peer must have waited (STARTTLS). What is unsent is dropped:
    /// [`flush`](crate::Framed::flush) the answer that the peer waits for before taking the parts.
    ///
    /// # Errors
    /// Fails when bytes were read ahead: accepting them would mix what came before the change with what comes
    /// after it, which is how commands are injected into encrypted sessions.
    pub fn reject_read_ahead(self) -> Result<C, UnexpectedReadAhead> {
        ReadAhead::Reject.check(self.read_ahead.len())?;
        Ok(self.connection)
    }
}

/// What to do with bytes that were read ahead when the codec is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAhead {
    /// The new decoder gets them: the peer may go on without waiting (a PROXY header before the data).
    Carry,
    /// They are an error: the peer has to wait for an answer before the change (STARTTLS).
    Reject,
}

impl ReadAhead {
    pub(super) fn check(self, len: usize) -> Result<(), UnexpectedReadAhead> {
        match self {
            Self::Reject if len > 0 => Err(UnexpectedReadAhead { len }),
            _ => Ok(()),
        }
    }
}

/// The peer sent bytes before a change of protocol that it had to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("peer sent {len} bytes ahead of a change of protocol")]
pub struct UnexpectedReadAhead {
    /// How many.
    pub len: usize,
}

impl From<UnexpectedReadAhead> for io::Error {
    fn from(error: UnexpectedReadAhead) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
