//! Everything there is in one simulation, but for the time and the lock.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::events::Events;
use crate::executor::{Hazard, Ready, TaskKey, Tasks};
use crate::host::{HostId, HostState};
use crate::net::Net;
use crate::shared::{Waiter, Wakes};
use crate::timers::Timers;
use crate::trace::Trace;
use crate::{Capture, Config, ConfigError, Dice, Policy};

/// The state of a simulation.
pub(crate) struct World {
    pub(crate) config: Config,
    /// Nanoseconds since the beginning.
    pub(crate) now: u64,
    pub(crate) ready: Arc<Ready>,
    /// Tasks that are ready, and were when the executor last looked.
    pub(crate) queue: VecDeque<TaskKey>,
    pub(crate) order: Dice,
    pub(crate) tasks: Tasks,
    /// Who is being polled.
    pub(crate) current: TaskKey,
    /// How many events have happened.
    pub(crate) happened: u64,
    /// A task has been polled too often: the next event comes first.
    pub(crate) spinning: bool,
    pub(crate) main_polls: u32,
    pub(crate) main_polled_after: u64,
    pub(crate) hazards: Vec<Hazard>,
    pub(crate) hazards_seen: BTreeSet<(TaskKey, u8)>,
    pub(crate) events: Events,
    pub(crate) timers: Timers,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) net: Net,
    pub(crate) trace: Trace,
    /// The packets that arrived, if they are wanted.
    pub(crate) capture: Option<Capture>,
    pub(crate) wakes: Wakes,
    pub(crate) discarded: Vec<Waiter>,
    /// Nothing is spawned any more.
    pub(crate) ended: bool,
}

impl World {
    pub(crate) fn new(config: Config, ready: Arc<Ready>) -> Self {
        let events_order = (config.policy != Policy::Fifo).then(|| config.choices.at("event order", &[]));
        Self {
            now: 0,
            ready,
            queue: VecDeque::new(),
            order: config.choices.at("task order", &[]),
            tasks: Tasks::default(),
            current: TaskKey::MAIN,
            happened: 0,
            spinning: false,
            main_polls: 0,
            main_polled_after: 0,
            hazards: Vec::new(),
            hazards_seen: BTreeSet::new(),
            events: Events::new(events_order),
            timers: Timers::default(),
            hosts: Vec::new(),
            net: Net::new(&config),
            trace: Trace::new(config.log_length),
            capture: config.capture.then(Capture::new),
            wakes: Wakes::default(),
            discarded: Vec::new(),
            ended: false,
            config,
        }
    }

    pub(crate) fn host(&self, id: HostId) -> &HostState {
        &self.hosts[id.index()]
    }

    pub(crate) fn host_mut(&mut self, id: HostId) -> &mut HostState {
        &mut self.hosts[id.index()]
    }

    /// # Errors
    /// Fails when there is no host of that name, with those that there are.
    pub(crate) fn find_host(&self, name: &str) -> Result<HostId, ConfigError> {
        let found = self.hosts.iter().find(|host| host.name == name);
        found.map(|host| host.id).ok_or_else(|| ConfigError::UnknownHost {
            name: name.to_owned(),
            known: self.hosts.iter().map(|host| host.name.clone()).collect(),
        })
    }
}
