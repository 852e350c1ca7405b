//! Which ports are taken, on which host.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::Name;
use crate::host::HostId;

/// Where the ports begin that nobody asks for by number (RFC 6335, section 6).
const EPHEMERAL: u16 = 49_152;

/// The ports that clients use, and the next to be tried.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    taken: BTreeSet<(HostId, u16)>,
    next: BTreeMap<HostId, u16>,
}

impl Ports {
    /// A port that nobody has.
    pub(crate) fn ephemeral(&mut self, host: HostId) -> io::Result<u16> {
        let next = self.next.entry(host).or_insert(EPHEMERAL);
        for _ in EPHEMERAL..=u16::MAX {
            let port = *next;
            *next = port.checked_add(1).unwrap_or(EPHEMERAL);
            if self.taken.insert((host, port)) {
                return Ok(port);
            }
        }
        Err(ErrorKind::AddrNotAvailable.into())
    }

    /// A port that was asked for: 0 means any.
    pub(crate) fn claim(&mut self, host: HostId, port: u16) -> io::Result<u16> {
        if port == 0 {
            return self.ephemeral(host);
        }
        self.taken.insert((host, port));
        Ok(port)
    }

    /// Gives back the port of an end.
    pub(crate) fn release(&mut self, host: HostId, name: &Name) {
        if let Name::Tcp(addr) = name {
            self.taken.remove(&(host, addr.port()));
        }
    }

    pub(crate) fn release_addr(&mut self, host: HostId, addr: SocketAddr) {
        self.taken.remove(&(host, addr.port()));
    }
}
