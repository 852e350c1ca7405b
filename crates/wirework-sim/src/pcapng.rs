//! Writes what went over the simulated network as a pcapng file, for Wireshark and tshark.
//!
//! The simulator moves bytes, not packets; this makes packets of them as they arrive, with the sequence numbers and checksums
//! that a real stack would have given them. See the [specification](https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html).

mod packet;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::choices::mix;
use packet::{Packet, Tcp, Transport};

/// What a TCP segment says beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The first of a connection.
    Syn,
    /// The answer to it; the acknowledgement that completes the handshake is written along.
    SynAck,
    /// Bytes, or nothing but an acknowledgement if there are none.
    Data,
    /// The end of one direction.
    Fin,
    /// The end of everything.
    Rst,
}

/// A pcapng file in the making: one Ethernet interface, time stamps in nanoseconds from the start of the simulation.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use wirework_sim::{Capture, Segment};
///
/// let (client, server) = ("10.0.0.1:49152".parse()?, "10.0.0.2:80".parse()?);
/// let mut capture = Capture::new();
/// capture.tcp(Duration::from_millis(1), client, server, Segment::Syn, b"");
/// capture.tcp(Duration::from_millis(2), server, client, Segment::SynAck, b"");
/// capture.tcp(Duration::from_millis(3), client, server, Segment::Data, b"GET / HTTP/1.0\r\n\r\n");
/// assert_eq!(capture.packets(), 4);
/// let file: &[u8] = capture.bytes();
/// # assert!(file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub struct Capture {
    bytes: Vec<u8>,
    packets: u64,
    limit: usize,
    /// The sequence number that comes next, by direction.
    next: BTreeMap<(SocketAddr, SocketAddr), u32>,
    connections: u64,
}

impl Capture {
    /// A file without packets, that takes up to 64 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(64 << 20)
    }

    /// A file that takes about `bytes` bytes; packets after that are left out.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        let mut capture = Self {
            bytes: Vec::new(),
            packets: 0,
            limit: bytes,
            next: BTreeMap::new(),
            connections: 0,
        };
        capture.section_header();
        capture.interface();
        capture
    }

    /// A segment that arrived, in parts where it is larger than a packet can be.
    ///
    /// Segments of one direction must be given in the order of the stream.
    pub fn tcp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        if segment == Segment::Syn {
            self.connections += 1;
            self.begin(from, to, 1);
            self.next.remove(&(to, from));
        } else if segment == Segment::SynAck {
            self.begin(from, to, 2);
        }
        let (last, full) = match payload.len() {
            0 => (payload, &[][..]),
            len => {
                let (full, last) = payload.split_at((len - 1) / packet::MAX_PAYLOAD * packet::MAX_PAYLOAD);
                (last, full)
            }
        };
        for part in full.chunks(packet::MAX_PAYLOAD) {
            self.segment(at, from, to, Segment::Data, part);
        }
        self.segment(at, from, to, segment, last);
        if segment == Segment::SynAck {
            self.segment(at, to, from, Segment::Data, &[]);
        }
    }

    /// A datagram that arrived.
    pub fn udp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        self.packet(
            at,
            &Packet {
                from,
                to,
                transport: Transport::Udp,
                payload,
            },
        );
    }

    /// How many packets there are.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// The file so far; it is complete at any time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn begin(&mut self, from: SocketAddr, to: SocketAddr, side: u64) {
        let bytes = mix(self.connections, side, 0).to_le_bytes();
        self.next
            .insert((from, to), u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    }

    fn segment(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        let sequence = self.next.get(&(from, to)).copied().unwrap_or_default();
        let acknowledged = self.next.get(&(to, from)).copied();
        let transport = Transport::Tcp(Tcp {
            sequence,
            acknowledged,
            segment,
        });
        self.packet(
            at,
            &Packet {
                from,
                to,
                transport,
                payload,
            },
        );
        let length = u32::try_from(payload.len()).expect("at most MAX_PAYLOAD");
        let flag = matches!(segment, Segment::Syn | Segment::SynAck | Segment::Fin);
        self.next
            .insert((from, to), sequence.wrapping_add(length).wrapping_add(u32::from(flag)));
    }

    /// An Enhanced Packet Block.
    fn packet(&mut self, at: Duration, packet: &Packet<'_>) {
        if self.bytes.len() > self.limit {
            return;
        }
        self.packets += 1;
        let frame = packet.to_ethernet();
        let length = u32::try_from(frame.len()).expect("at most a packet");
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let half = |number: u64| u32::try_from(number & 0xffff_ffff).expect("32 bits");
        let (high, low) = (half(nanos >> 32), half(nanos));
        self.block(6, &[0, high, low, length, length], &frame);
    }

    fn section_header(&mut self) {
        // Version 1.0 is two 16-bit numbers; the length of the section is left open.
        self.block(0x0a0d_0d0a, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX], &[]);
    }

    fn interface(&mut self) {
        // Ethernet, any length; option 9 of one byte says 10^-9 s, option 0 ends the options.
        self.block(1, &[1, 0], &[9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// A block: its type and length, some numbers, some bytes padded to four, and its length again. Little end first.
    fn block(&mut self, kind: u32, numbers: &[u32], body: &[u8]) {
        let length = 12 + numbers.len() * 4 + body.len().next_multiple_of(4);
        let length = u32::try_from(length)
            .expect("at most a packet and its header")
            .to_le_bytes();
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(length);
        self.bytes
            .extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(length);
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Capture");
        f.field("packets", &self.packets)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Reads the blocks back: their types and bodies.
    fn blocks(mut bytes: &[u8]) -> Vec<(u32, &[u8])> {
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !bytes.is_empty() {
            let length = usize::try_from(number(&bytes[4..])).unwrap();
            let (block, rest) = bytes.split_at(length);
            assert_eq!((length % 4, number(&block[length - 4..])), (0, number(&block[4..])));
            blocks.push((number(block), &block[8..length - 4]));
            bytes = rest;
        }
        blocks
    }

    #[test]
    fn the_file_is_made_of_blocks() {
        let mut capture = Capture::new();
        capture.udp(
            Duration::from_nanos(0x1_0000_0002),
            addr("10.0.0.1:1"),
            addr("10.0.0.2:2"),
            b"hello",
        );
        let blocks = blocks(capture.bytes());
        assert_eq!(
            blocks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
            [0x0a0d_0d0a, 1, 6]
        );
        let packet = blocks[2].1;
        assert_eq!(
            packet[..20],
            [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 47, 0, 0, 0, 47, 0, 0, 0]
        );
        assert_eq!(packet[20 + 42..20 + 47], *b"hello");
    }

    #[test]
    fn sequence_numbers_count_bytes_and_ends() {
        let (a, b) = (addr("10.0.0.1:1"), addr("10.0.0.2:2"));
        let mut capture = Capture::new();
        let zero = Duration::ZERO;
        capture.tcp(zero, a, b, Segment::Syn, b"");
        let first = capture.next[&(a, b)];
        capture.tcp(zero, b, a, Segment::SynAck, b"");
        capture.tcp(zero, a, b, Segment::Data, b"hello");
        capture.tcp(zero, a, b, Segment::Fin, b"!");
        assert_eq!(capture.next[&(a, b)].wrapping_sub(first), 5 + 1 + 1);
        assert_eq!(capture.packets(), 5);
    }

    #[test]
    fn what_is_too_large_for_a_packet_is_cut() {
        let (a, b) = (addr("[fd00::1]:1"), addr("[fd00::2]:2"));
        for (length, packets) in [
            (0, 1),
            (1, 1),
            (packet::MAX_PAYLOAD, 1),
            (packet::MAX_PAYLOAD + 1, 2),
            (packet::MAX_PAYLOAD * 3, 3),
        ] {
            let mut capture = Capture::new();
            capture.tcp(Duration::ZERO, a, b, Segment::Data, &vec![7; length]);
            assert_eq!(capture.packets(), packets, "{length} bytes");
            assert_eq!(capture.next[&(a, b)], u32::try_from(length).unwrap());
        }
    }

    #[test]
    fn the_limit_is_kept() {
        let mut capture = Capture::with_limit(1000);
        for _ in 0..1000 {
            capture.udp(Duration::ZERO, addr("10.0.0.1:1"), addr("10.0.0.2:2"), &[0; 100]);
        }
        assert!(capture.bytes().len() < 1300, "{capture:?}");
    }
}
