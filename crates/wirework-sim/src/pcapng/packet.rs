//! One packet: Ethernet, IP (RFC 791, RFC 8200), and TCP (RFC 9293) or UDP (RFC 768).

use std::net::{IpAddr, SocketAddr};

use super::Segment;

/// The most bytes of a stream in a packet: what Linux hands a capture at once when the hardware cuts segments.
pub(super) const MAX_PAYLOAD: usize = 32 << 10;

pub(super) struct Packet<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) transport: Transport,
    pub(super) payload: &'a [u8],
}

pub(super) enum Transport {
    Tcp(Tcp),
    Udp,
}

pub(super) struct Tcp {
    pub(super) sequence: u32,
    /// `None` before anything came from the other side.
    pub(super) acknowledged: Option<u32>,
    pub(super) segment: Segment,
}

impl Packet<'_> {
    pub(super) fn to_ethernet(&self) -> Vec<u8> {
        let (protocol, datagram) = match &self.transport {
            Transport::Tcp(tcp) => (6, self.tcp(tcp)),
            Transport::Udp => (17, self.udp()),
        };
        let mut frame = [mac(self.to.ip()), mac(self.from.ip())].concat();
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                frame.extend([0x08, 0x00]);
                frame.extend(ipv4_header(protocol, datagram.len(), from.octets(), to.octets()));
            }
            (from, to) => {
                frame.extend([0x86, 0xdd]);
                frame.extend([0x60, 0, 0, 0]);
                frame.extend(length(datagram.len()));
                frame.extend([protocol, 64]);
                frame.extend(v6(from));
                frame.extend(v6(to));
            }
        }
        frame.extend(datagram);
        frame
    }

    fn tcp(&self, tcp: &Tcp) -> Vec<u8> {
        let (flags, options): (u8, &[u8]) = match (tcp.segment, self.payload) {
            // The largest segment, and a window in units of 16 KiB (RFC 7323), so that it never looks full.
            (Segment::Syn, _) => (0x02, &[2, 4, 0x80, 0, 1, 3, 3, 14]),
            (Segment::SynAck, _) => (0x12, &[2, 4, 0x80, 0, 1, 3, 3, 14]),
            (Segment::Data, []) => (0x10, &[]),
            (Segment::Data, _) => (0x18, &[]),
            (Segment::Fin, _) => (0x11, &[]),
            (Segment::Rst, _) => (0x14, &[]),
        };
        let flags = if tcp.acknowledged.is_none() {
            flags & !0x10
        } else {
            flags
        };
        let mut bytes = self.ports();
        bytes.extend(tcp.sequence.to_be_bytes());
        bytes.extend(tcp.acknowledged.unwrap_or_default().to_be_bytes());
        let words = u8::try_from((20 + options.len()) / 4).expect("a header of a few words");
        bytes.extend([words << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(options);
        bytes.extend(self.payload);
        let sum = self.checksum(6, &bytes);
        bytes[16..18].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn udp(&self) -> Vec<u8> {
        let mut bytes = self.ports();
        bytes.extend(length(8 + self.payload.len()));
        bytes.extend([0, 0]);
        bytes.extend(self.payload);
        // Zero stands for "none" in UDP, and its other representation for zero.
        let sum = match self.checksum(17, &bytes) {
            0 => 0xffff,
            sum => sum,
        };
        bytes[6..8].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn ports(&self) -> Vec<u8> {
        [self.from.port().to_be_bytes(), self.to.port().to_be_bytes()].concat()
    }

    /// Over the datagram and a header of addresses, which IP does not repeat (RFC 9293, section 3.1).
    fn checksum(&self, protocol: u8, datagram: &[u8]) -> u16 {
        let mut sum = match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => add(&from.octets()) + add(&to.octets()),
            (from, to) => add(&v6(from)) + add(&v6(to)),
        };
        sum += u64::from(protocol) + datagram.len() as u64;
        fold(sum + add(datagram))
    }
}

fn ipv4_header(protocol: u8, datagram: usize, from: [u8; 4], to: [u8; 4]) -> [u8; 20] {
    let [high, low] = length(20 + datagram);
    let mut header = [
        0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    header[12..16].copy_from_slice(&from);
    header[16..20].copy_from_slice(&to);
    let sum = fold(add(&header)).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    header
}

/// A locally administered address made of the last bytes of the IP address.
fn mac(ip: IpAddr) -> Vec<u8> {
    let ip = v6(ip);
    [&[2, 0], &ip[12..]].concat()
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// A length in a header; what does not fit, a datagram that no real network takes either, is cut to the largest.
fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

fn add(bytes: &[u8]) -> u64 {
    let words = bytes
        .chunks(2)
        .map(|word| u64::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or(0)])));
    words.sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded to 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        let header = [
            0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7,
        ];
        assert_eq!(fold(add(&header)), 0xb861);
        assert_eq!(
            ipv4_header(0x11, 0x73 - 20, [192, 168, 0, 1], [192, 168, 0, 199])[10..12],
            [0xb8, 0x61]
        );
    }

    #[test]
    fn a_packet_with_its_checksum_adds_up_to_nothing() {
        let (from, to) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:53".parse().unwrap());
        for payload in [&b""[..], b"odd", b"even"] {
            let packet = Packet {
                from,
                to,
                transport: Transport::Udp,
                payload,
            };
            assert_eq!(packet.checksum(17, &packet.udp()), 0);
            let tcp = Tcp {
                sequence: 1,
                acknowledged: Some(2),
                segment: Segment::Data,
            };
            assert_eq!(packet.checksum(6, &packet.tcp(&tcp)), 0);
        }
    }
}
