//! The network: paths between hosts, and the sockets at their ends.

mod path;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;

pub(crate) use path::{PathId, Paths, healed};

use crate::executor::TaskKey;
use crate::host::HostId;
use crate::world::World;
use crate::{Config, DnsFault};

/// A socket, by its place in its table and how often that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SocketKey {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

/// What happens on the network.
#[derive(Debug)]
pub(crate) enum NetEvent {}

/// Errors in place of accepted connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AcceptFault {
    pub(crate) count: usize,
    pub(crate) kind: ErrorKind,
}

/// How a host's lookups of names fare.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Resolving {
    pub(crate) fault: DnsFault,
}

/// Everything between the hosts.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) paths: Paths,
    /// Names that were given addresses by hand.
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
}

impl Net {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            paths: Paths::new(config),
            names: BTreeMap::new(),
        }
    }
}

impl World {
    pub(crate) fn is_live(&self, event: &NetEvent) -> bool {
        match *event {}
    }

    pub(crate) fn net_event(&mut self, event: NetEvent) {
        match event {}
    }

    pub(crate) fn network_waits(&self, _: &mut Vec<(TaskKey, String)>) {}

    pub(crate) fn network_faults(&self) -> Vec<String> {
        self.path_faults()
    }
    pub(crate) fn look_after_idle(&mut self, _: PathId) {}
    pub(crate) fn reset_between(&mut self, _: HostId, _: HostId) -> usize {
        0
    }
    pub(crate) fn silence(&mut self, _: HostId) {}
    pub(crate) fn close_all(&mut self, _: HostId) {}
    pub(crate) fn wake_slow_readers(&mut self, _: HostId) {}
    pub(crate) fn wake_acceptors(&mut self, _: HostId) {}
}
