//! The network: paths between hosts, and the sockets at their ends.

mod close;
mod connection;
mod flow;
mod handshake;
mod keepalive;
mod listener;
mod names;
mod path;
mod ports;
mod stream;
mod transfer;
mod udp;
#[cfg(unix)]
mod unix;
mod waits;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use slab::Slab;

pub(crate) use connection::{Connection, End, Holder, Life, Name, Side};
pub(crate) use listener::{AcceptFault, Listening};
pub use listener::{SimTcpListener, SimUnixListener};
pub(crate) use names::Resolving;
pub(crate) use path::{PathId, Paths, healed};
pub(crate) use ports::Ports;
pub(crate) use stream::StreamCore;
pub use stream::{SimReadHalf, SimStream, SimWriteHalf};
pub use udp::SimUdpSocket;
pub(crate) use udp::{Datagram, UdpState};

use crate::world::World;
use crate::{Config, Observer, Segment};

/// A socket, by its place in its table and how often that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SocketKey {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

/// What happens on the network. The side is that of the end which sent, or to which it happens.
#[derive(Debug)]
pub(crate) enum NetEvent {
    /// What one side sent arrives at the other.
    Arrival(SocketKey, Side),
    /// One side tries again to send, after a loss of this number.
    Retry(SocketKey, Side, u32),
    /// A reset arrives at one side.
    Reset(SocketKey, Side),
    /// The first packet of a connection arrives at its server.
    Syn(SocketKey),
    /// The client has heard nothing.
    SynRetry(SocketKey, u32),
    /// The server's answer arrives.
    SynAck(SocketKey),
    /// The answer is that nobody listens.
    Refused(SocketKey),
    /// The client's answer to the answer arrives at the server, at some attempt.
    Established(SocketKey, u32),
    /// One side asks whether the other still is there.
    KeepAlive(SocketKey, Side, u32),
    /// A slow reader may read again.
    Readable(SocketKey, Side),
    /// A datagram arrives.
    Datagram(Box<Datagram>),
}

/// Everything between the hosts.
pub(crate) struct Net {
    pub(crate) paths: Paths,
    /// Names that were given addresses by hand.
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
    pub(crate) connections: Slab<Connection>,
    pub(crate) listeners: Slab<Listening>,
    pub(crate) datagrams: Slab<UdpState>,
    pub(crate) ports: Ports,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    /// How many sockets there have been.
    serial: u32,
}

impl Net {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            paths: Paths::new(config),
            names: BTreeMap::new(),
            connections: Slab::new(),
            listeners: Slab::new(),
            datagrams: Slab::new(),
            ports: Ports::default(),
            observers: Vec::new(),
            serial: 0,
        }
    }

    /// A key for the next entry of a table.
    pub(crate) fn key(&mut self, index: usize) -> SocketKey {
        self.serial = self.serial.wrapping_add(1);
        SocketKey {
            index: u32::try_from(index).expect("fewer than 2^32 sockets live at once"),
            serial: self.serial,
        }
    }

    pub(crate) fn connection(&self, key: SocketKey) -> Option<&Connection> {
        self.connections
            .get(key.index as usize)
            .filter(|connection| connection.key == key)
    }

    pub(crate) fn connection_mut(&mut self, key: SocketKey) -> Option<&mut Connection> {
        self.connections
            .get_mut(key.index as usize)
            .filter(|connection| connection.key == key)
    }

    pub(crate) fn end(&mut self, key: SocketKey, side: Side) -> Option<&mut End> {
        self.connection_mut(key).map(|connection| connection.end_mut(side))
    }

    pub(crate) fn observe_tcp(&mut self, now: u64, from: &Name, to: &Name, segment: Segment, payload: &[u8]) {
        if let (Name::Tcp(from), Name::Tcp(to)) = (from, to) {
            for observer in &mut self.observers {
                observer.tcp(Duration::from_nanos(now), *from, *to, segment, payload);
            }
        }
    }

    pub(crate) fn observe_udp(&mut self, now: u64, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        for observer in &mut self.observers {
            observer.udp(Duration::from_nanos(now), from, to, payload);
        }
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

impl World {
    /// Whether an event will do anything. What is gone meanwhile is not worth moving time for.
    pub(crate) fn is_live(&self, event: &NetEvent) -> bool {
        let connection = |key: &SocketKey| self.net.connection(*key);
        match event {
            NetEvent::Datagram(_) => true,
            NetEvent::Arrival(key, _)
            | NetEvent::Reset(key, _)
            | NetEvent::Syn(key)
            | NetEvent::SynAck(key)
            | NetEvent::Refused(key)
            | NetEvent::Readable(key, _)
            | NetEvent::Established(key, _) => connection(key).is_some(),
            NetEvent::Retry(key, side, stall) => connection(key).is_some_and(|it| it.end(*side).stall == Some(*stall)),
            NetEvent::KeepAlive(key, side, probe) => {
                connection(key).is_some_and(|it| it.end(*side).probing == Some(*probe))
            }
            NetEvent::SynRetry(key, _) => {
                connection(key).is_some_and(|it| it.end(Side::Client).life == Life::Connecting)
            }
        }
    }

    pub(crate) fn net_event(&mut self, event: NetEvent) {
        match event {
            NetEvent::Arrival(key, side) => self.arrival(key, side),
            NetEvent::Retry(key, side, _) => self.retry(key, side),
            NetEvent::Reset(key, side) => self.reset_arrives(key, side),
            NetEvent::Syn(key) => self.syn_arrives(key),
            NetEvent::SynRetry(key, attempt) => self.syn_unanswered(key, attempt),
            NetEvent::SynAck(key) => self.syn_ack_arrives(key),
            NetEvent::Refused(key) => self.refused(key),
            NetEvent::Established(key, attempt) => self.established(key, attempt),
            NetEvent::KeepAlive(key, side, _) => self.probe(key, side),
            NetEvent::Readable(key, side) => self.readable_again(key, side),
            NetEvent::Datagram(datagram) => self.datagram_arrives(*datagram),
        }
    }

    pub(crate) fn network_faults(&self) -> Vec<String> {
        self.path_faults()
    }
}
