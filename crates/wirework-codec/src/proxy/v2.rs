//! Version 2: binary (section 2.2 of the specification).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;

use super::tlv::{self, Tlvs};
use super::{ProxyEndpoints, ProxyHeader, ProxyHeaderError, ProxyTlv, ProxyTransport, ProxyVersion};

/// What every header starts with: nothing that a protocol of lines could begin with.
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The part of a header that each has.
const FIXED: usize = 16;

/// The room for the name of a Unix socket.
const NAME: usize = 108;

/// The length of the header that `src` starts with.
pub(super) fn find(src: &[u8], max_len: usize) -> Result<Option<usize>, ProxyHeaderError> {
    if let Some(version) = src.get(12)
        && version >> 4 != 2
    {
        return Err(ProxyHeaderError::Malformed("the version is not 2"));
    }
    let Some(&[high, low]) = src.get(14..FIXED) else {
        return Ok(None);
    };
    let len = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if len > max_len {
        return Err(ProxyHeaderError::TooLong { limit: max_len });
    }
    Ok((src.len() >= len).then_some(len))
}

/// Parses a whole header.
pub(super) fn parse(header: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let (fixed, block) = header.split_at_checked(FIXED).ok_or(ProxyHeaderError::Missing)?;
    let made = |endpoints, tlvs| ProxyHeader::from_parts(ProxyVersion::V2, endpoints, tlvs);
    match fixed[12] {
        // What follows is to be ignored, whatever it is.
        0x20 => return Ok(made(ProxyEndpoints::Local, Bytes::new())),
        0x21 => {}
        _ => return Err(ProxyHeaderError::Malformed("the command is unknown")),
    }
    let transport = match fixed[13] {
        0x00 => return Ok(made(ProxyEndpoints::Unknown, Bytes::new())),
        0x11 | 0x21 | 0x31 => ProxyTransport::Stream,
        0x12 | 0x22 | 0x32 => ProxyTransport::Datagram,
        _ => return Err(ProxyHeaderError::Malformed("the family or the transport is unknown")),
    };
    let (endpoints, fields) = match fixed[13] >> 4 {
        1 => ipv4(block, transport),
        2 => ipv6(block, transport),
        _ => unix(block, transport),
    }
    .ok_or(ProxyHeaderError::Malformed("the addresses end beyond the header"))?;
    tlv::check(fields)?;
    check_sum(header, fields)?;
    Ok(made(endpoints, Bytes::copy_from_slice(fields)))
}

fn ipv4(block: &[u8], transport: ProxyTransport) -> Option<(ProxyEndpoints, &[u8])> {
    let (from, block) = block.split_first_chunk::<4>()?;
    let (to, block) = block.split_first_chunk::<4>()?;
    let (ports, fields) = block.split_first_chunk()?;
    let addresses = (Ipv4Addr::from(*from).into(), Ipv4Addr::from(*to).into());
    Some((ip(addresses, *ports, transport), fields))
}

fn ipv6(block: &[u8], transport: ProxyTransport) -> Option<(ProxyEndpoints, &[u8])> {
    let (from, block) = block.split_first_chunk::<16>()?;
    let (to, block) = block.split_first_chunk::<16>()?;
    let (ports, fields) = block.split_first_chunk()?;
    let addresses = (Ipv6Addr::from(*from).into(), Ipv6Addr::from(*to).into());
    Some((ip(addresses, *ports, transport), fields))
}

fn ip(
    addresses: (std::net::IpAddr, std::net::IpAddr),
    [a, b, c, d]: [u8; 4],
    transport: ProxyTransport,
) -> ProxyEndpoints {
    ProxyEndpoints::Ip {
        source: SocketAddr::new(addresses.0, u16::from_be_bytes([a, b])),
        destination: SocketAddr::new(addresses.1, u16::from_be_bytes([c, d])),
        transport,
    }
}

fn unix(block: &[u8], transport: ProxyTransport) -> Option<(ProxyEndpoints, &[u8])> {
    let (source, block) = block.split_at_checked(NAME)?;
    let (destination, fields) = block.split_at_checked(NAME)?;
    let name = |bytes: &[u8]| {
        // An abstract name may have zeros anywhere but at its end.
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Bytes::copy_from_slice(&bytes[..end])
    };
    let endpoints = ProxyEndpoints::Unix {
        source: name(source),
        destination: name(destination),
        transport,
    };
    Some((endpoints, fields))
}

/// Where in `header` the value of the checksum is, if `fields`, its end, has one.
fn checksum_at(header: &[u8], fields: &[u8]) -> Option<usize> {
    let mut at = header.len() - fields.len();
    for field in Tlvs::new(fields) {
        let field = field.ok()?;
        if field.kind == ProxyTlv::CRC32C {
            return Some(at + 3);
        }
        at += 3 + field.value.len();
    }
    None
}

fn check_sum(header: &[u8], fields: &[u8]) -> Result<(), ProxyHeaderError> {
    let Some(at) = checksum_at(header, fields) else {
        return Ok(());
    };
    let mut without = header.to_vec();
    without[at..at + 4].fill(0);
    if crc32c(&without).to_be_bytes() != header[at..at + 4] {
        return Err(ProxyHeaderError::Checksum);
    }
    Ok(())
}

pub(super) fn write(header: &ProxyHeader) -> Result<Vec<u8>, ProxyHeaderError> {
    let fields = header.tlv_bytes();
    let (command, family, block) = match header.endpoints() {
        ProxyEndpoints::Local | ProxyEndpoints::Unknown if !fields.is_empty() => {
            return Err(ProxyHeaderError::Unwritable("without addresses there are no fields"));
        }
        ProxyEndpoints::Local => (0x20, 0, Vec::new()),
        ProxyEndpoints::Unknown => (0x21, 0, Vec::new()),
        ProxyEndpoints::Ip {
            source,
            destination,
            transport,
        } => {
            let (family, block) = ip_block(*source, *destination)?;
            (0x21, family | protocol(*transport), block)
        }
        ProxyEndpoints::Unix {
            source,
            destination,
            transport,
        } => (0x21, 0x30 | protocol(*transport), unix_block(source, destination)?),
    };
    let len = u16::try_from(block.len() + fields.len());
    let len = len.map_err(|_| ProxyHeaderError::Unwritable("it is longer than 65,551 bytes"))?;
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([command, family]);
    bytes.extend(len.to_be_bytes());
    bytes.extend(block);
    bytes.extend(fields);
    if let Some(at) = checksum_at(&bytes, fields) {
        bytes[at..at + 4].fill(0);
        let sum = crc32c(&bytes).to_be_bytes();
        bytes[at..at + 4].copy_from_slice(&sum);
    }
    Ok(bytes)
}

const fn protocol(transport: ProxyTransport) -> u8 {
    match transport {
        ProxyTransport::Stream => 1,
        ProxyTransport::Datagram => 2,
    }
}

fn ip_block(source: SocketAddr, destination: SocketAddr) -> Result<(u8, Vec<u8>), ProxyHeaderError> {
    let mut block = Vec::new();
    let family = match (source, destination) {
        (SocketAddr::V4(source), SocketAddr::V4(destination)) => {
            block.extend([source.ip().octets(), destination.ip().octets()].concat());
            0x10
        }
        (SocketAddr::V6(source), SocketAddr::V6(destination)) => {
            block.extend([source.ip().octets(), destination.ip().octets()].concat());
            0x20
        }
        _ => return Err(ProxyHeaderError::Unwritable("the two ends are of different families")),
    };
    block.extend(source.port().to_be_bytes());
    block.extend(destination.port().to_be_bytes());
    Ok((family, block))
}

fn unix_block(source: &[u8], destination: &[u8]) -> Result<Vec<u8>, ProxyHeaderError> {
    let mut block = Vec::with_capacity(2 * NAME);
    for (name, end) in [(source, NAME), (destination, 2 * NAME)] {
        if name.len() > NAME || name.last() == Some(&0) {
            return Err(ProxyHeaderError::Unwritable(
                "a socket's name has at most 108 bytes, the last of them no zero",
            ));
        }
        block.extend(name);
        block.resize(end, 0);
    }
    Ok(block)
}

/// CRC-32C, bit by bit (RFC 4960, appendix B): headers are short and checksums in them rare.
fn crc32c(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82F6_3B78 * (sum & 1)))
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // The check value of CRC-32C, and one of RFC 3720, appendix B.4.
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }
}
