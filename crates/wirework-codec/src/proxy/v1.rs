//! Version 1: a line of text (section 2.1 of the specification).

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use bytes::Bytes;
use memchr::memchr;

use super::{ProxyEndpoints, ProxyHeader, ProxyHeaderError, ProxyTransport, ProxyVersion};

/// What every header starts with.
pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest header, its line break included.
const MAX_LEN: usize = 107;

/// The length of the header that `src` starts with.
pub(super) fn find(src: &[u8]) -> Result<Option<usize>, ProxyHeaderError> {
    let seen = &src[..src.len().min(MAX_LEN)];
    match memchr(b'\r', seen) {
        Some(end) => match src.get(end + 1) {
            _ if end + 2 > MAX_LEN => Err(ProxyHeaderError::TooLong { limit: MAX_LEN }),
            Some(b'\n') => Ok(Some(end + 2)),
            Some(_) => Err(ProxyHeaderError::Malformed("no line feed behind the carriage return")),
            None => Ok(None),
        },
        None if seen.len() == MAX_LEN => Err(ProxyHeaderError::TooLong { limit: MAX_LEN }),
        None => Ok(None),
    }
}

/// Parses a whole header, its line break included.
pub(super) fn parse(header: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let line = header
        .strip_prefix(SIGNATURE)
        .and_then(|line| line.strip_suffix(b"\r\n"));
    let line = line.ok_or(ProxyHeaderError::Missing)?;
    let endpoints = if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        // What follows is to be ignored, whatever it is.
        ProxyEndpoints::Unknown
    } else {
        let line = std::str::from_utf8(line).map_err(|_| ProxyHeaderError::Malformed("not ASCII text"))?;
        let mut fields = line.split(' ');
        let (source, destination) = match fields.next() {
            Some("TCP4") => addresses::<Ipv4Addr>(fields)?,
            Some("TCP6") => addresses::<Ipv6Addr>(fields)?,
            _ => {
                return Err(ProxyHeaderError::Malformed(
                    "the protocol is none of TCP4, TCP6 and UNKNOWN",
                ));
            }
        };
        ProxyEndpoints::Ip {
            source,
            destination,
            transport: ProxyTransport::Stream,
        }
    };
    Ok(ProxyHeader::from_parts(ProxyVersion::V1, endpoints, Bytes::new()))
}

fn addresses<'a, T: FromStr>(
    mut fields: impl Iterator<Item = &'a str>,
) -> Result<(SocketAddr, SocketAddr), ProxyHeaderError>
where
    std::net::IpAddr: From<T>,
{
    let mut field = || fields.next().ok_or(ProxyHeaderError::Malformed("a field is missing"));
    let (source, destination) = (address::<T>(field()?)?, address::<T>(field()?)?);
    let (source_port, destination_port) = (port(field()?)?, port(field()?)?);
    if fields.next().is_some() {
        return Err(ProxyHeaderError::Malformed("there are too many fields"));
    }
    let at = |address: T, port| SocketAddr::new(address.into(), port);
    Ok((at(source, source_port), at(destination, destination_port)))
}

fn address<T: FromStr>(text: &str) -> Result<T, ProxyHeaderError> {
    text.parse()
        .map_err(|_| ProxyHeaderError::Malformed("not an address of its family"))
}

/// A port is written as a number is: `+80` and `080` are none.
fn port(text: &str) -> Result<u16, ProxyHeaderError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text
        .parse()
        .ok()
        .filter(|_| digits && (text == "0" || !text.starts_with('0')));
    port.ok_or(ProxyHeaderError::Malformed("not a port"))
}

pub(super) fn write(header: &ProxyHeader) -> Result<Vec<u8>, ProxyHeaderError> {
    if !header.tlv_bytes().is_empty() {
        return Err(ProxyHeaderError::Unwritable("version 1 has no fields"));
    }
    let line = |family: &str, source: &dyn Display, destination: &dyn Display, ports: (u16, u16)| {
        format!("PROXY {family} {source} {destination} {} {}\r\n", ports.0, ports.1).into_bytes()
    };
    match header.endpoints() {
        ProxyEndpoints::Local | ProxyEndpoints::Unknown => Ok(b"PROXY UNKNOWN\r\n".to_vec()),
        ProxyEndpoints::Ip {
            source,
            destination,
            transport: ProxyTransport::Stream,
        } => {
            let ports = (source.port(), destination.port());
            match (source, destination) {
                (SocketAddr::V4(source), SocketAddr::V4(to)) => Ok(line("TCP4", source.ip(), to.ip(), ports)),
                (SocketAddr::V6(source), SocketAddr::V6(to)) => Ok(line("TCP6", source.ip(), to.ip(), ports)),
                _ => Err(ProxyHeaderError::Unwritable("the two ends are of different families")),
            }
        }
        ProxyEndpoints::Ip { .. } | ProxyEndpoints::Unix { .. } => {
            Err(ProxyHeaderError::Unwritable("version 1 knows TCP alone"))
        }
    }
}
