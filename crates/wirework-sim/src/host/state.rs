//! A host as the world sees it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::pin::Pin;

use super::HostOptions;
use crate::choices::mix;
use crate::clock::Clock;
use crate::executor::TaskKey;
use crate::link::nanos;
use crate::net::{AcceptFault, Resolving, SocketKey};
use crate::{Choices, SimRuntime};

/// A host, by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostId(pub(crate) u32);

impl HostId {
    /// What belongs to the simulation rather than to a host.
    pub(crate) const WORLD: Self = Self(u32::MAX);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whether it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    /// Its programs stand still. The kernel does not.
    Paused,
    /// Its programs were ended; the kernel still answers.
    Killed,
    /// Nothing answers.
    Off,
}

type Main = Box<dyn FnMut(SimRuntime) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// One host.
pub(crate) struct HostState {
    pub(crate) id: HostId,
    pub(crate) name: String,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) options: HostOptions,
    pub(crate) clock: Clock,
    /// By how many nanoseconds the date was moved.
    pub(crate) clock_step: i64,
    /// How many lives it has had before this one.
    pub(crate) epoch: u32,
    pub(crate) status: Status,
    pub(crate) main: Option<Main>,
    pub(crate) main_task: Option<TaskKey>,
    /// Tasks that were woken while it was paused.
    pub(crate) parked: Vec<TaskKey>,
    /// Sockets that its programs hold.
    pub(crate) sockets: usize,
    /// Socket files, and who listens there.
    pub(crate) files: BTreeMap<PathBuf, Option<SocketKey>>,
    pub(crate) accept_fault: Option<AcceptFault>,
    /// How many bytes a second its programs read from each connection.
    pub(crate) read_rate: Option<u64>,
    pub(crate) resolving: Resolving,
    random: u64,
}

impl HostState {
    pub(crate) fn new(id: HostId, name: &str, options: HostOptions, choices: &Choices) -> Self {
        let number = id.0 + 1;
        let [_, _, high, low] = number.to_be_bytes();
        let given = [
            IpAddr::V4(Ipv4Addr::new(10, 0, high, low)),
            IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, u16::from(high), u16::from(low))),
        ];
        let addresses = if options.addresses.is_empty() {
            given.to_vec()
        } else {
            options.addresses.clone()
        };
        Self {
            id,
            name: name.to_owned(),
            addresses,
            clock: Clock::new(nanos(options.clock_offset), options.clock_drift),
            clock_step: 0,
            epoch: 0,
            status: Status::Running,
            main: None,
            main_task: None,
            parked: Vec::new(),
            sockets: 0,
            files: BTreeMap::new(),
            accept_fault: None,
            read_rate: None,
            resolving: Resolving::default(),
            // A choice of its own, so that a replay without it still has dice that differ from throw to throw.
            random: mix(
                choices.at("program randomness", &[u64::from(id.0)]).any(),
                u64::from(id.0),
                0,
            ),
            options,
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.status == Status::Paused
    }

    /// Whether programs of that life still run.
    pub(crate) fn is_alive(&self, epoch: u32) -> bool {
        self.epoch == epoch && matches!(self.status, Status::Running | Status::Paused)
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// The dice of its programs (`SplitMix64`).
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.random, 0, 0)
    }
}
