//! Codecs for network protocols: bytes to frames and back.
//!
//! This crate does no I/O, reads no clock and spawns nothing; what it knows of a network is bytes. It is re-exported as
//! `wirework::codec`, where [`Framed`](https://docs.rs/wirework) joins it to connections.
//!
//! - Write a protocol: implement [`Decoder`] (frames that own their bytes), [`BorrowDecoder`] (frames that lie in the read
//!   buffer) or both, and [`Encoder`].
//! - Use a ready framing: [`Lines`], [`ByteLines`], [`LengthDelimited`], [`RawBytes`].
//! - Drive a decoder without a connection: [`Deframer`].

mod block;
mod decoder;
mod deframer;
mod encoder;
mod error;
mod length_delimited;
mod lines;
mod raw_bytes;
mod write_buf;

pub use bytes;
pub use decoder::{BorrowDecoder, Decoder, Framing, Span};
pub use deframer::{Deframer, MAX_BUFFERED};
pub use encoder::{Encoder, Payload};
pub use error::{DecodeError, Fault};
pub use length_delimited::{LengthDelimited, LengthError};
pub use lines::{ByteLines, Lines, LinesError};
pub use raw_bytes::RawBytes;
pub use write_buf::{Mark, WriteBuf};
