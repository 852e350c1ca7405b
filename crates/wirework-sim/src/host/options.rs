//! What a host is made of.

use std::net::IpAddr;
use std::time::Duration;

/// Options of a host, by value; [`Sim::host_with`](crate::Sim::host_with) takes them.
///
/// | | default |
/// |---|---|
/// | [`address`](Self::address) | 10.0.0.n and fd00::n |
/// | [`send_buffer`](Self::send_buffer) | 256 KiB |
/// | [`receive_buffer`](Self::receive_buffer) | 256 KiB |
/// | [`datagram_buffer`](Self::datagram_buffer) | 208 KiB |
/// | [`backlog`](Self::backlog) | 4,096 connections |
/// | [`descriptors`](Self::descriptors) | 65,536 sockets |
/// | [`clock_offset`](Self::clock_offset) | none |
/// | [`clock_drift`](Self::clock_drift) | none |
///
/// ```
/// use wirework_sim::{Config, HostOptions, Sim};
///
/// let sim = Sim::new(Config::new());
/// let tiny = HostOptions::new().send_buffer(1).receive_buffer(1).descriptors(16);
/// let host = sim.host_with("tiny", tiny).unwrap();
/// # let _ = host;
/// ```
#[derive(Debug, Clone)]
pub struct HostOptions {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) send_buffer: usize,
    pub(crate) receive_buffer: usize,
    pub(crate) datagram_buffer: usize,
    pub(crate) backlog: usize,
    pub(crate) descriptors: usize,
    pub(crate) clock_offset: Duration,
    pub(crate) clock_drift: i32,
}

impl HostOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            addresses: Vec::new(),
            send_buffer: 256 << 10,
            receive_buffer: 256 << 10,
            datagram_buffer: 208 << 10,
            backlog: 4096,
            descriptors: 1 << 16,
            clock_offset: Duration::ZERO,
            clock_drift: 0,
        }
    }

    /// Adds an address; the first replaces those that the host would have been given. Its name resolves to all of them, in
    /// this order.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address);
        self
    }

    /// Sets how many bytes a connection holds that its peer has not got yet (`SO_SNDBUF`): 256 KiB unless set, and at least 1.
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = bytes;
        self
    }

    /// Sets how many bytes a connection holds that were not read yet (`SO_RCVBUF`): 256 KiB unless set, and at least 1.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = bytes;
        self
    }

    /// Sets how many bytes of datagrams a UDP socket holds that were not received yet: 208 KiB unless set. What does not fit is
    /// lost.
    #[must_use]
    pub fn datagram_buffer(mut self, bytes: usize) -> Self {
        self.datagram_buffer = bytes;
        self
    }

    /// Sets how many connections may wait to be accepted whatever the listener asks for (`somaxconn`): 4,096 unless set, and at
    /// least 1. The SYN of one too many is not answered, and repeated after a second.
    #[must_use]
    pub fn backlog(mut self, connections: usize) -> Self {
        self.backlog = connections;
        self
    }

    /// Sets how many sockets the host's programs may have open: 65,536 unless set, and at least 1. One more is an error
    /// (`EMFILE`), also when it is to be accepted.
    #[must_use]
    pub fn descriptors(mut self, sockets: usize) -> Self {
        self.descriptors = sockets;
        self
    }

    /// Sets what the host's clock shows when the world begins; nothing unless set.
    #[must_use]
    pub fn clock_offset(mut self, offset: Duration) -> Self {
        self.clock_offset = offset;
        self
    }

    /// Sets how many nanoseconds the host's clock gains in a second, or loses if it is negative; none unless set. At least
    /// -999,999,999, with which it hardly moves. A cheap quartz is wrong by up to 100,000 (100 ppm).
    #[must_use]
    pub fn clock_drift(mut self, nanos_per_second: i32) -> Self {
        self.clock_drift = nanos_per_second;
        self
    }

    /// What no host can be.
    pub(crate) fn wrong(&self) -> Option<String> {
        let zeros = [
            ("send buffer", self.send_buffer),
            ("receive buffer", self.receive_buffer),
            ("backlog", self.backlog),
            ("number of descriptors", self.descriptors),
        ];
        if let Some((what, _)) = zeros.iter().find(|(_, value)| *value == 0) {
            return Some(format!("its {what} is 0"));
        }
        if self.clock_drift <= -1_000_000_000 {
            return Some(format!("its clock goes backwards, by {} ns a second", self.clock_drift));
        }
        let bad = self
            .addresses
            .iter()
            .find(|address| address.is_loopback() || address.is_unspecified());
        bad.map(|address| format!("nobody can have the address {address}"))
    }
}

impl Default for HostOptions {
    fn default() -> Self {
        Self::new()
    }
}
