//! Codecs for network protocols: bytes to frames and back.
//!
//! This crate does no I/O, reads no clock and spawns nothing; what it knows of a network is bytes. It is re-exported as
//! `wirework::codec`, where [`Framed`](https://docs.rs/wirework) joins it to connections.
//!
//! - Write a protocol: implement [`Decoder`] (frames that own their bytes), [`BorrowDecoder`] (frames that lie in the read
//!   buffer) or both, and [`Encoder`].
//! - Use a ready framing: [`Lines`], [`ByteLines`], [`RecoveringLines`], [`Delimited`], [`NulTerminated`], [`FixedLength`],
//!   [`LengthDelimited`], [`VarintDelimited`], [`Netstring`], [`Cobs`], [`Slip`], [`RawBytes`]; [`ProxyCodec`] for the header that
//!   a proxy sends.
//! - Put messages in one, see [`Message`].
//! - Combine: [`Decoder::map`], [`Decoder::try_map`], [`Decoder::limit`], [`Pair`], [`Detect`].
//! - Drive a decoder without a connection: [`Deframer`]. What it hands out by value is a [`Frame`] where the codec is of plain bytes.

mod block;
mod borrow_decoder;
mod byte_lines;
mod cobs;
mod copy_short;
mod decoder;
mod deframer;
mod delimited;
mod delimiter_search;
mod detect;
mod either;
mod enclose;
mod encoder;
mod error;
mod fixed_length;
mod frame;
mod framing;
mod length_delimited;
mod limit;
mod lines;
mod map;
mod message;
mod netstring;
mod nul_terminated;
mod pair;
mod proxy;
mod raw_bytes;
mod read_buf;
mod recovering_lines;
mod scan;
mod slip;
mod span;
mod spares;
mod try_map;
mod varint;
mod varint_delimited;
mod write_buf;

pub use borrow_decoder::BorrowDecoder;
pub use byte_lines::{ByteLines, LinesError};
pub use bytes;
pub use cobs::{Cobs, CobsError};
pub use decoder::Decoder;
pub use deframer::{Deframer, Located, MAX_BUFFERED};
pub use delimited::{Delimited, DelimitedError};
pub use detect::{Detect, DetectError, Detection};
pub use either::Either;
pub use enclose::Enclose;
pub use encoder::{Encoder, Payload};
pub use error::{DecodeError, Fault};
pub use fixed_length::{FixedLength, FixedLengthError};
pub use frame::Frame;
pub use framing::Framing;
pub use length_delimited::{LengthDelimited, LengthError};
pub use limit::{Limit, LimitError};
pub use lines::Lines;
pub use map::Map;
pub use message::*;
pub use netstring::{Netstring, NetstringError};
pub use nul_terminated::{NulError, NulTerminated};
pub use pair::Pair;
pub use proxy::{
    ProxyCodec, ProxyEndpoints, ProxyHeader, ProxyHeaderError, ProxySsl, ProxyTlv, ProxyTransport, ProxyVersion,
};
pub use raw_bytes::RawBytes;
pub use read_buf::ReadBuf;
pub use recovering_lines::RecoveringLines;
pub use slip::{Slip, SlipError};
pub use span::{Glance, Span};
#[doc(hidden)]
pub use spares::Spares;
pub use try_map::{TryMap, TryMapError};
pub use varint_delimited::{VarintDelimited, VarintError};
pub use write_buf::{Mark, WriteBuf};
