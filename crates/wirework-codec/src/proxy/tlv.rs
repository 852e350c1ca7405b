//! The fields of a header of version 2: type, length, value (section 2.2 of the specification).

use super::ProxyHeaderError;

/// The most bytes of a unique identifier.
const MAX_UNIQUE_ID: usize = 128;

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyTlv<'a> {
    /// Its type, such as [`ALPN`](Self::ALPN). From 0xE0 on, types are for private use.
    pub kind: u8,
    /// Its value.
    pub value: &'a [u8],
}

impl ProxyTlv<'_> {
    /// The application protocol.
    pub const ALPN: u8 = 0x01;
    /// The host name that the client asked for.
    pub const AUTHORITY: u8 = 0x02;
    /// A checksum of the header.
    pub const CRC32C: u8 = 0x03;
    /// Nothing; fills up.
    pub const NOOP: u8 = 0x04;
    /// An identifier of the connection.
    pub const UNIQUE_ID: u8 = 0x05;
    /// What is known of the client's TLS.
    pub const SSL: u8 = 0x20;
    /// The network namespace, by name.
    pub const NETNS: u8 = 0x30;
}

/// What a proxy knows of the client's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxySsl<'a> {
    flags: u8,
    verify: u32,
    fields: &'a [u8],
}

impl<'a> ProxySsl<'a> {
    pub(super) fn parse(value: &'a [u8]) -> Result<Self, ProxyHeaderError> {
        let Some((&[flags, a, b, c, d], fields)) = value.split_first_chunk() else {
            return Err(ProxyHeaderError::Malformed("the SSL field is too short"));
        };
        let verify = u32::from_be_bytes([a, b, c, d]);
        Tlvs::new(fields).try_for_each(|field| field.map(drop))?;
        Ok(Self { flags, verify, fields })
    }

    /// Whether the client connected over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the client showed a certificate, now or earlier in its TLS session.
    #[must_use]
    pub const fn has_certificate(&self) -> bool {
        self.flags & 0b110 != 0
    }

    /// Whether the client showed a certificate and it was found valid.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.has_certificate() && self.verify == 0
    }

    /// The version of TLS, such as `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> Option<&'a [u8]> {
        self.field(0x21)
    }

    /// The common name of the client's certificate.
    #[must_use]
    pub fn common_name(&self) -> Option<&'a [u8]> {
        self.field(0x22)
    }

    /// The name of the cipher.
    #[must_use]
    pub fn cipher(&self) -> Option<&'a [u8]> {
        self.field(0x23)
    }

    /// The algorithm by which the server's certificate was signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> Option<&'a [u8]> {
        self.field(0x24)
    }

    /// The algorithm of the server's key.
    #[must_use]
    pub fn key_algorithm(&self) -> Option<&'a [u8]> {
        self.field(0x25)
    }

    fn field(&self, kind: u8) -> Option<&'a [u8]> {
        let mut fields = Tlvs::new(self.fields).filter_map(Result::ok);
        fields.find(|field| field.kind == kind).map(|field| field.value)
    }
}

/// Fields, one after the other.
pub(super) struct Tlvs<'a> {
    rest: &'a [u8],
}

impl<'a> Tlvs<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<ProxyTlv<'a>, ProxyHeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.rest.split_first_chunk().and_then(|(&[kind, high, low], rest)| {
            let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
            Some((ProxyTlv { kind, value }, rest))
        });
        self.rest = field.map_or(&[], |(_, rest)| rest);
        let field = field.map(|(field, _)| field);
        Some(field.ok_or(ProxyHeaderError::Malformed("a field ends beyond the header")))
    }
}

/// Sees that all fields are whole, and that those that are known here are what they should be.
pub(super) fn check(bytes: &[u8]) -> Result<(), ProxyHeaderError> {
    for field in Tlvs::new(bytes) {
        let ProxyTlv { kind, value } = field?;
        match kind {
            ProxyTlv::AUTHORITY if std::str::from_utf8(value).is_err() => {
                return Err(ProxyHeaderError::Malformed("the authority is not UTF-8 text"));
            }
            ProxyTlv::UNIQUE_ID if value.len() > MAX_UNIQUE_ID => {
                return Err(ProxyHeaderError::Malformed(
                    "the unique identifier is longer than 128 bytes",
                ));
            }
            ProxyTlv::CRC32C if value.len() != 4 => {
                return Err(ProxyHeaderError::Malformed("the checksum does not have 4 bytes"));
            }
            ProxyTlv::SSL => drop(ProxySsl::parse(value)?),
            _ => {}
        }
    }
    Ok(())
}
