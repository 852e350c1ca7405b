//! What a header says.

use std::net::SocketAddr;

use bytes::Bytes;

use super::tlv::{self, ProxySsl, ProxyTlv, Tlvs};
use super::{ProxyHeaderError, v1, v2};

/// A header of the PROXY protocol: the ends of the connection that a proxy passes on, and what else it knows of it.
///
/// ```
/// use wirework_codec::{ProxyHeader, ProxyTlv};
///
/// let header = ProxyHeader::new("192.0.2.7:50000".parse()?, "198.51.100.1:443".parse()?)
///     .with_tlv(ProxyTlv::ALPN, b"h2")
///     .with_tlv(ProxyTlv::AUTHORITY, b"example.org");
/// assert_eq!(header.alpn(), Some(&b"h2"[..]));
/// assert_eq!(header.authority(), Some("example.org"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyHeader {
    version: ProxyVersion,
    endpoints: ProxyEndpoints,
    tlvs: Bytes,
}

/// How a header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyVersion {
    /// As a line of text. It has no fields beside the addresses.
    V1,
    /// In binary.
    V2,
}

/// What a passed-on connection is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyTransport {
    /// A stream (TCP).
    Stream,
    /// Datagrams (UDP).
    Datagram,
}

/// For whom a proxy connects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyEndpoints {
    /// For itself, as to see whether the server is well: the connection's own ends count.
    Local,
    /// For someone whose address it does not tell: the connection's own ends count.
    Unknown,
    /// For an IP client.
    Ip {
        /// Where the client is.
        source: SocketAddr,
        /// Where it connected to.
        destination: SocketAddr,
        /// By what.
        transport: ProxyTransport,
    },
    /// For a client on a Unix socket. Names are of at most 108 bytes, without the zeros that fill them up.
    Unix {
        /// The client's, mostly empty.
        source: Bytes,
        /// The name that it connected to.
        destination: Bytes,
        /// By what.
        transport: ProxyTransport,
    },
}

impl ProxyHeader {
    /// A header for a client at `source` that connected to `destination` over TCP. It is of version 2.
    #[must_use]
    pub const fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Self::with_endpoints(ProxyEndpoints::Ip {
            source,
            destination,
            transport: ProxyTransport::Stream,
        })
    }

    /// The header of a proxy that connects for itself.
    #[must_use]
    pub const fn local() -> Self {
        Self::with_endpoints(ProxyEndpoints::Local)
    }

    /// A header of version 2 with these endpoints.
    #[must_use]
    pub const fn with_endpoints(endpoints: ProxyEndpoints) -> Self {
        Self::from_parts(ProxyVersion::V2, endpoints, Bytes::new())
    }

    pub(super) const fn from_parts(version: ProxyVersion, endpoints: ProxyEndpoints, tlvs: Bytes) -> Self {
        Self {
            version,
            endpoints,
            tlvs,
        }
    }

    /// The same as text. Version 1 does not tell [`Local`](ProxyEndpoints::Local) from
    /// [`Unknown`](ProxyEndpoints::Unknown).
    #[must_use]
    pub fn v1(mut self) -> Self {
        self.version = ProxyVersion::V1;
        self
    }

    /// The same in binary.
    #[must_use]
    pub fn v2(mut self) -> Self {
        self.version = ProxyVersion::V2;
        self
    }

    /// Adds a field; [`ProxyTlv`] has the types. Only a header of version 2 with addresses can be written with fields.
    ///
    /// # Panics
    /// Panics if `value` has more than 65,535 bytes.
    #[must_use]
    pub fn with_tlv(mut self, kind: u8, value: &[u8]) -> Self {
        let len = u16::try_from(value.len()).expect("a field has at most 65,535 bytes");
        let mut tlvs = Vec::from(self.tlvs);
        tlvs.push(kind);
        tlvs.extend_from_slice(&len.to_be_bytes());
        tlvs.extend_from_slice(value);
        self.tlvs = tlvs.into();
        self
    }

    /// Adds a checksum (CRC-32C), which is computed when the header is written. One that is received is checked.
    #[must_use]
    pub fn with_checksum(self) -> Self {
        self.with_tlv(ProxyTlv::CRC32C, &[0; 4])
    }

    /// How it is, or was, written.
    #[must_use]
    pub const fn version(&self) -> ProxyVersion {
        self.version
    }

    /// For whom the proxy connects.
    #[must_use]
    pub const fn endpoints(&self) -> &ProxyEndpoints {
        &self.endpoints
    }

    /// Where the client is. `None` where it is not on IP, or nobody said: the connection's own end counts then.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        match self.endpoints {
            ProxyEndpoints::Ip { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Where the client connected to; as [`source`](Self::source).
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        match self.endpoints {
            ProxyEndpoints::Ip { destination, .. } => Some(destination),
            _ => None,
        }
    }

    /// Its fields, in their order.
    pub fn tlvs(&self) -> impl Iterator<Item = ProxyTlv<'_>> {
        Tlvs::new(&self.tlvs).filter_map(Result::ok)
    }

    /// The first field of that type.
    #[must_use]
    pub fn tlv(&self, kind: u8) -> Option<&[u8]> {
        self.tlvs().find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }

    /// The application protocol that was negotiated with the client, such as `h2` (RFC 7301).
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.tlv(ProxyTlv::ALPN)
    }

    /// The host name that the client asked for, as in TLS' server name indication.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        std::str::from_utf8(self.tlv(ProxyTlv::AUTHORITY)?).ok()
    }

    /// What tells this connection from all others, at most 128 bytes.
    #[must_use]
    pub fn unique_id(&self) -> Option<&[u8]> {
        self.tlv(ProxyTlv::UNIQUE_ID)
    }

    /// What is known of the client's TLS, if it used any.
    #[must_use]
    pub fn ssl(&self) -> Option<ProxySsl<'_>> {
        ProxySsl::parse(self.tlv(ProxyTlv::SSL)?).ok()
    }

    pub(super) fn tlv_bytes(&self) -> &[u8] {
        &self.tlvs
    }

    /// The header as it is sent.
    ///
    /// # Errors
    /// Fails when its version cannot express it: version 1 knows TCP alone and no fields, a header without addresses has
    /// none, both ends must be of one family, and the whole has at most 65,551 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProxyHeaderError> {
        tlv::check(&self.tlvs)?;
        match self.version {
            ProxyVersion::V1 => v1::write(self),
            ProxyVersion::V2 => v2::write(self),
        }
    }
}
