//! The PROXY protocol: who a proxy connects for, said in front of the stream.
//!
//! Versions 1 (text) and 2 (binary) of
//! [the specification](https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). It is a codec of its own rather than one of
//! the crates for it: those accept ports such as `+80` and headers of any length, and check no checksum.

mod error;
mod header;
mod tlv;
mod v1;
mod v2;

use bytes::BytesMut;

pub use self::error::ProxyHeaderError;
pub use self::header::{ProxyEndpoints, ProxyHeader, ProxyTransport, ProxyVersion};
pub use self::tlv::{ProxySsl, ProxyTlv};
use crate::borrow_decoder::{decode_in_place, decode_owned};
use crate::{BorrowDecoder, Decoder, Detection, Encoder, ReadBuf, Span, WriteBuf};

/// The longest header of version 2 that is read, unless set otherwise, in bytes. Those in use have some hundred.
const MAX_LEN: usize = 4096;

/// Headers of the PROXY protocol, of either version.
///
/// A stream has one, at its very start; what follows is for another codec. A server takes it off with
/// `wirework::ProxyProtocol`.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, ProxyCodec, ProxyHeader, WriteBuf};
///
/// let mut deframer = Deframer::new(ProxyCodec::new());
/// deframer.push(b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\nhello");
/// let header = deframer.next()?.expect("it is whole");
/// assert_eq!(header.source(), Some("192.0.2.7:50000".parse()?));
///
/// let mut out = WriteBuf::new();
/// ProxyCodec::new().encode(header.v2(), &mut out)?;
/// assert_eq!(out.len(), 28);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProxyCodec {
    max_len: usize,
}

impl ProxyCodec {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_len: MAX_LEN }
    }

    /// Sets how long a header of version 2 may be, in bytes, both ways; 4,096 unless set. One of version 1 has at most 107.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Whether a stream starts with a header of either version, as far as its first bytes tell.
    #[must_use]
    pub fn detect(src: &[u8]) -> Detection {
        match Detection::of_magic(v1::SIGNATURE, src) {
            Detection::NotMine => Detection::of_magic(v2::SIGNATURE, src),
            detection => detection,
        }
    }

    /// Parses the header that `src` starts with, and says how many bytes it takes. `None` while it is not complete.
    ///
    /// # Errors
    /// Fails as soon as `src` cannot become a header, or becomes longer than one may be.
    pub fn parse(&self, src: &[u8]) -> Result<Option<(ProxyHeader, usize)>, ProxyHeaderError> {
        let Some(len) = self.find(src)? else { return Ok(None) };
        Ok(Some((parse(&src[..len])?, len)))
    }

    /// The length of the header that `src` starts with.
    fn find(&self, src: &[u8]) -> Result<Option<usize>, ProxyHeaderError> {
        if Detection::of_magic(v1::SIGNATURE, src) == Detection::Detected {
            return v1::find(src);
        }
        match Self::detect(src) {
            Detection::NeedMore => Ok(None),
            Detection::NotMine => Err(ProxyHeaderError::Missing),
            Detection::Detected => v2::find(src, self.max_len),
        }
    }
}

/// Parses a whole header.
fn parse(header: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    if header.starts_with(v1::SIGNATURE) {
        v1::parse(header)
    } else {
        v2::parse(header)
    }
}

impl Default for ProxyCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl BorrowDecoder for ProxyCodec {
    type Frame<'a> = ProxyHeader;
    type Error = ProxyHeaderError;

    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, ProxyHeaderError> {
        Ok(self.find(src)?.map(|len| Span::new(0..len, len)))
    }

    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<ProxyHeader, ProxyHeaderError> {
        parse(frame)
    }
}

impl Decoder for ProxyCodec {
    type Item = ProxyHeader;
    type Error = ProxyHeaderError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
        decode_owned(self, src, false, |header| header)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
        decode_owned(self, src, true, |header| header)
    }

    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
        decode_in_place(self, src, is_ended, |header| header)
    }
}

impl Encoder<ProxyHeader> for ProxyCodec {
    type Error = ProxyHeaderError;

    fn encode(&mut self, item: ProxyHeader, dst: &mut WriteBuf) -> Result<(), ProxyHeaderError> {
        let bytes = item.to_bytes()?;
        if bytes.len() > self.max_len && item.version() == ProxyVersion::V2 {
            return Err(ProxyHeaderError::TooLong { limit: self.max_len });
        }
        dst.put_slice(&bytes);
        Ok(())
    }
}
