//! Who waits for what, and what is left.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::executor::{Slot, TaskKey};
use crate::host::{HostId, Status};
use crate::world::World;
use crate::{Failure, FailureKind};

/// How many tasks a report lists.
const TASKS: usize = 40;

/// How much is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Sockets that programs hold: connections, listeners, UDP and Unix sockets.
    pub sockets: usize,
    /// Timers that somebody waits for.
    pub timers: usize,
}

impl Tally {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks, {} sockets, {} timers",
            self.tasks, self.sockets, self.timers
        )
    }
}

impl World {
    /// What `host` holds, or all hosts together.
    pub(crate) fn tally(&self, host: Option<HostId>) -> Tally {
        let counts = |id: HostId| host.is_none_or(|host| host == id) && id != HostId::WORLD;
        Tally {
            tasks: self.tasks.iter().filter(|slot| counts(slot.host)).count(),
            sockets: self
                .hosts
                .iter()
                .filter(|host| counts(host.id))
                .map(|host| host.sockets)
                .sum(),
            timers: self.timers.iter().filter(|timer| counts(timer.host)).count(),
        }
    }

    pub(crate) fn failure(&self, kind: FailureKind) -> Failure {
        Failure {
            kind,
            at: Duration::from_nanos(self.now),
            report: self.report(),
        }
    }

    /// A task, by its host and the place that spawned it.
    pub(crate) fn describe(&self, key: TaskKey) -> String {
        if key == TaskKey::MAIN {
            return "the main future".to_owned();
        }
        match self.tasks.get(key) {
            None => "a task that has ended".to_owned(),
            Some(slot) => {
                let host = self.host(slot.host);
                if host.main_task == Some(key) {
                    return format!("{}'s program", host.name);
                }
                format!("{}'s task from {}", host.name, slot.spawned_at)
            }
        }
    }

    pub(crate) fn report(&self) -> String {
        let mut report = String::new();
        let waits = self.waits();
        let mut line = |key: TaskKey, more: &str| {
            let for_what: Vec<_> = waits
                .iter()
                .filter(|(task, _)| *task == key)
                .map(|(_, what)| &what[..])
                .collect();
            let for_what = match &for_what[..] {
                [] => "nothing of the simulation's".to_owned(),
                some => some.join(", "),
            };
            writeln!(report, "  {} waits for {for_what}{more}", self.describe(key)).expect("a string takes all");
        };
        line(TaskKey::MAIN, "");
        for slot in self.tasks.iter().take(TASKS) {
            line(slot.key, self.plight(slot));
        }
        if self.tasks.iter().count() > TASKS {
            report.push_str("  and more\n");
        }
        for fault in self.faults_in_force() {
            writeln!(report, "  {fault}").expect("a string takes all");
        }
        report
    }

    /// Why a task may never go on.
    fn plight(&self, slot: &Slot) -> &'static str {
        if self.host(slot.host).is_paused() {
            "; its host is paused"
        } else if slot.state.is_queued() {
            "; it is ready"
        } else if slot.body.is_some() && slot.state.held_elsewhere() == 0 {
            "; nobody can wake it"
        } else {
            ""
        }
    }

    /// Each task that waits, with what for.
    fn waits(&self) -> Vec<(TaskKey, String)> {
        let mut waits = Vec::new();
        for timer in self.timers.iter() {
            if let Some(waiter) = &timer.waiter {
                waits.push((
                    waiter.task,
                    format!("a timer at {:?}", Duration::from_nanos(timer.deadline)),
                ));
            }
        }
        for slot in self.tasks.iter() {
            if let Some(joiner) = slot.joiner {
                waits.push((joiner, format!("the end of {}", self.describe(slot.key))));
            }
        }
        self.network_waits(&mut waits);
        waits
    }

    fn faults_in_force(&self) -> Vec<String> {
        let mut faults = self.network_faults();
        for host in &self.hosts {
            let status = match host.status {
                Status::Running => continue,
                Status::Paused => "paused",
                Status::Killed => "killed",
                Status::Off => "off",
            };
            faults.push(format!("{} is {status}", host.name));
        }
        faults
    }
}
