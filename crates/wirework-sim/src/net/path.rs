//! The way from one host to another: its link, and what is wrong with it at the moment.

use std::collections::BTreeMap;

use super::NetEvent;
use crate::events::Event;
use crate::host::HostId;
use crate::link::nanos;
use crate::world::World;
use crate::{Choices, Config, Dice, Link};

/// A path, by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathId(u32);

/// One direction between two hosts.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) from: HostId,
    pub(crate) to: HostId,
    pub(crate) link: Link,
    /// Everything is lost.
    pub(crate) cut: bool,
    /// Everything is held.
    pub(crate) clogged: bool,
    /// When the last byte that was sent has left.
    busy_until: u64,
    /// When the last datagram arrives that was not held back.
    last_datagram: u64,
    latency: Dice,
    loss: Dice,
    order: Dice,
    /// What waits for the clog to go.
    held: Vec<NetEvent>,
}

impl Path {
    /// When a packet of `size` bytes that is sent now arrives.
    pub(crate) fn transmit(&mut self, now: u64, size: usize) -> u64 {
        let mut leaves = now;
        if let Some(bandwidth) = self.link.bandwidth {
            let takes = u128::from(size as u64) * 1_000_000_000 / u128::from(bandwidth);
            leaves = now
                .max(self.busy_until)
                .saturating_add(u64::try_from(takes).unwrap_or(u64::MAX));
            self.busy_until = leaves;
        }
        leaves.saturating_add(self.link.latency.sample(&mut self.latency))
    }

    /// Whether a packet is lost on its way.
    pub(crate) fn loses(&mut self) -> bool {
        self.cut || self.loss.chance(self.link.loss)
    }

    pub(crate) fn duplicates(&mut self) -> bool {
        self.order.chance(self.link.duplication)
    }

    /// When a datagram arrives: after the one before it, unless it is held back.
    pub(crate) fn transmit_datagram(&mut self, now: u64, size: usize) -> u64 {
        let arrives = self.transmit(now, size);
        if self.order.chance(self.link.reordering) {
            let most = self.link.latency.sample(&mut self.latency).saturating_mul(3);
            return arrives.saturating_add(self.order.between(1, most.max(1)));
        }
        self.last_datagram = arrives.max(self.last_datagram + 1);
        self.last_datagram
    }

    /// Whether nothing is wrong with it.
    pub(crate) fn is_open(&self) -> bool {
        !self.cut && !self.clogged
    }
}

/// All paths that were used so far, or changed.
#[derive(Debug)]
pub(crate) struct Paths {
    all: Vec<Path>,
    index: BTreeMap<(HostId, HostId), PathId>,
    choices: Choices,
    usual: Link,
    loopback: Link,
}

impl Paths {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            all: Vec::new(),
            index: BTreeMap::new(),
            choices: config.choices.clone(),
            usual: config.link.clone(),
            loopback: config.loopback.clone(),
        }
    }

    pub(crate) fn find(&mut self, from: HostId, to: HostId) -> PathId {
        if let Some(found) = self.index.get(&(from, to)) {
            return *found;
        }
        let link = if from == to { &self.loopback } else { &self.usual };
        let at = [u64::from(from.0), u64::from(to.0)];
        let path = Path {
            from,
            to,
            link: link.clone(),
            cut: false,
            clogged: false,
            busy_until: 0,
            last_datagram: 0,
            latency: self.choices.at("latency", &at),
            loss: self.choices.at("loss", &at),
            order: self.choices.at("packet order", &at),
            held: Vec::new(),
        };
        let id = PathId(u32::try_from(self.all.len()).expect("fewer than 2^32 paths"));
        self.all.push(path);
        self.index.insert((from, to), id);
        id
    }

    pub(crate) fn get(&self, id: PathId) -> &Path {
        &self.all[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: PathId) -> &mut Path {
        &mut self.all[id.0 as usize]
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = PathId> + use<> {
        (0..u32::try_from(self.all.len()).expect("fewer than 2^32 paths")).map(PathId)
    }

    /// Lets paths that are used for the first time be without faults from now on.
    pub(crate) fn heal_new(&mut self) {
        self.usual = healed(&self.usual);
        self.loopback = healed(&self.loopback);
    }
}

/// The same link without its faults. Its latency and bandwidth are no faults.
pub(crate) fn healed(link: &Link) -> Link {
    link.clone().loss(0).duplication(0).reordering(0)
}

impl World {
    /// Keeps `event`, which arrives by a path that is clogged, until it is not.
    pub(crate) fn hold(&mut self, path: PathId, event: NetEvent) {
        self.net.paths.get_mut(path).held.push(event);
    }

    /// Lets everything arrive that was held, in its order.
    pub(crate) fn release(&mut self, path: PathId) {
        let path = self.net.paths.get_mut(path);
        path.clogged = false;
        let held = std::mem::take(&mut path.held);
        for (event, later) in held.into_iter().zip(0..) {
            // A nanosecond apart, for events of the same instant may change places.
            self.events.push(self.now + later, Event::Net(event));
        }
    }

    /// Whether a question would be answered, as far as the network goes.
    pub(crate) fn is_open_both_ways(&self, there: PathId, back: PathId) -> bool {
        self.net.paths.get(there).is_open() && self.net.paths.get(back).is_open()
    }

    pub(crate) fn tell_path(&mut self, what: &'static str, path: PathId) {
        let path = self.net.paths.get(path);
        let detail = format!("{} to {}", self.host(path.from).name, self.host(path.to).name);
        self.tell(what, detail);
    }

    pub(crate) fn path_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for path in &self.net.paths.all {
            let state = match (path.cut, path.clogged) {
                (true, _) => "is cut",
                (false, true) => "is clogged",
                (false, false) => continue,
            };
            faults.push(format!(
                "{} to {} {state}",
                self.host(path.from).name,
                self.host(path.to).name
            ));
        }
        faults
    }
}

/// For the few packets that are not part of a stream.
pub(crate) fn arrival(path: &mut Path, now: u64) -> u64 {
    path.transmit(now, 40)
}

/// The first delay of what is tried again, doubled each time up to the limit.
pub(crate) fn doubled(first: std::time::Duration, attempt: u32, limit: std::time::Duration) -> u64 {
    nanos(first).saturating_mul(1 << attempt.min(40)).min(nanos(limit))
}
