//! What can go wrong, as calls: on the network between hosts, and on hosts.
//!
//! All of it takes effect at once, at the present time of the world. A plan of faults is a task that makes these calls.

use std::io::ErrorKind;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::host::Status;
use crate::net::{AcceptFault, PathId, Resolving, healed};
use crate::{ConfigError, Host, Link, Sim};

/// What becomes of a host's lookups of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DnsFault {
    /// They are answered.
    #[default]
    None,
    /// The resolver says that it cannot answer, at once.
    Failing,
    /// Nobody answers; lookups fail after 10 seconds.
    Silent,
    /// Answers take this much longer.
    Slow(Duration),
}

impl Sim {
    /// Connects two hosts by `link`, both ways.
    ///
    /// # Errors
    /// Fails for a link that can carry nothing, saying why.
    pub fn set_link(&self, a: &Host, b: &Host, link: Link) -> Result<(), ConfigError> {
        self.set_link_one_way(a, b, link.clone())?;
        self.set_link_one_way(b, a, link)
    }

    /// Sets what leads from one host to another. The way back is not changed.
    ///
    /// # Errors
    /// Fails for a link that can carry nothing, saying why.
    pub fn set_link_one_way(&self, from: &Host, to: &Host, link: Link) -> Result<(), ConfigError> {
        link.check()?;
        self.on_path(from, to, |world, path| {
            world.net.paths.get_mut(path).link = link;
        });
        Ok(())
    }

    /// Loses all that two hosts send each other, until it is [healed](Self::heal). TCP goes on trying for a quarter of an hour.
    pub fn partition(&self, a: &Host, b: &Host) {
        self.partition_one_way(a, b);
        self.partition_one_way(b, a);
    }

    /// Loses all that `from` sends to `to`, the acknowledgements included. The other direction still is carried.
    pub fn partition_one_way(&self, from: &Host, to: &Host) {
        self.on_path(from, to, |world, path| {
            world.net.paths.get_mut(path).cut = true;
            world.tell_path("partition", path);
            world.look_after_idle(path);
        });
    }

    /// Partitions a host from all the others.
    pub fn isolate(&self, host: &Host) {
        for other in self.hosts() {
            if other.id != host.id {
                self.partition(host, &other);
            }
        }
    }

    /// Ends a partition, both ways. Connections go on when they next try.
    pub fn heal(&self, a: &Host, b: &Host) {
        for (from, to) in [(a, b), (b, a)] {
            self.on_path(from, to, |world, path| {
                world.net.paths.get_mut(path).cut = false;
                world.tell_path("heal", path);
            });
        }
    }

    /// Holds all that arrives from `from` at `to`, until it is [unclogged](Self::unclog). Nothing is lost.
    pub fn clog(&self, from: &Host, to: &Host) {
        self.on_path(from, to, |world, path| {
            world.net.paths.get_mut(path).clogged = true;
            world.tell_path("clog", path);
            world.look_after_idle(path);
        });
    }

    /// Lets all arrive at once that a clog held.
    pub fn unclog(&self, from: &Host, to: &Host) {
        self.on_path(from, to, |world, path| {
            world.tell_path("unclog", path);
            world.release(path);
        });
    }

    /// Resets all TCP connections between two hosts, as a firewall does that has forgotten them: both ends see
    /// [`ConnectionReset`](ErrorKind::ConnectionReset). Gives how many there were.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn reset_connections(&self, a: &Host, b: &Host) -> usize {
        let mut world = self.shared.lock();
        let count = world.reset_between(a.id, b.id);
        let (a, b) = (&world.host(a.id).name, &world.host(b.id).name);
        let detail = format!("{count} connections of {a} and {b}");
        world.tell("reset", detail);
        count
    }

    /// Sets what a name stands for, from now on and for all hosts; nothing, if `addresses` is empty.
    pub fn set_dns(&self, name: &str, addresses: &[IpAddr]) {
        let mut world = self.shared.lock();
        world.net.names.insert(name.to_ascii_lowercase(), addresses.to_vec());
        world.tell("DNS changes", format!("{name} to {addresses:?}"));
    }

    /// Heals everything, so that what should work in the end has to: partitions, clogs, loss, duplication, reordering, paused
    /// hosts, slow readers, and faults of DNS and of accepting. Hosts that were killed or powered off start again if they have
    /// a program. Latencies and bandwidths stay.
    pub fn quiesce(&self) {
        self.shared.lock().tell("quiesce", "");
        self.mend();
        for host in self.hosts() {
            let is_down = matches!(self.shared.lock().host(host.id).status, Status::Killed | Status::Off);
            if is_down {
                host.restart();
            }
        }
    }

    /// Heals what [`quiesce`](Self::quiesce) does, and leaves down what is down.
    pub(crate) fn mend(&self) {
        let mut world = self.shared.lock();
        world.net.paths.heal_new();
        for path in world.net.paths.ids() {
            let state = world.net.paths.get_mut(path);
            state.cut = false;
            state.link = healed(&state.link);
            world.release(path);
        }
        for host in &mut world.hosts {
            host.accept_fault = None;
            host.resolving = Resolving::default();
        }
        drop(world);
        for host in self.hosts() {
            host.slow_reader(None);
            host.resume();
        }
    }

    fn on_path(&self, from: &Host, to: &Host, change: impl FnOnce(&mut crate::world::World, PathId)) {
        let mut world = self.shared.lock();
        let path = world.net.paths.find(from.id, to.id);
        change(&mut world, path);
    }
}

impl Host {
    /// Ends the host's programs as `kill -9` does: their futures are dropped, and the kernel ends their connections.
    pub fn kill(&self) {
        self.end_life(Status::Killed);
    }

    /// Takes the host's power away: its programs stop where they are and its connections are forgotten. Nobody is told;
    /// what is sent to it is not answered, until a [restart](Self::restart), after which it is answered by a reset.
    pub fn power_off(&self) {
        self.shared.lock().silence(self.id);
        self.end_life(Status::Off);
    }

    /// Begins a new life, with the program given to [`start`](Self::start). A host that lives is [killed](Self::kill) first.
    pub fn restart(&self) {
        let is_down = matches!(self.shared.lock().host(self.id).status, Status::Killed | Status::Off);
        if !is_down {
            self.kill();
        }
        let mut world = self.shared.lock();
        let host = world.host_mut(self.id);
        host.status = Status::Running;
        let name = host.name.clone();
        world.tell("start", name);
        drop(world);
        self.run_main();
    }

    /// Stops the host's programs where they are (`SIGSTOP`). Its kernel goes on: it takes connections and data until its
    /// buffers are full.
    pub fn pause(&self) {
        let mut world = self.shared.lock();
        let host = world.host_mut(self.id);
        if host.status == Status::Running {
            host.status = Status::Paused;
            let name = host.name.clone();
            world.tell("pause", name);
        }
    }

    /// Lets paused programs go on.
    pub fn resume(&self) {
        let mut world = self.shared.lock();
        let host = world.host_mut(self.id);
        if host.status == Status::Paused {
            host.status = Status::Running;
            let parked = mem::take(&mut host.parked);
            let name = host.name.clone();
            world.queue.extend(parked);
            world.tell("resume", name);
        }
    }

    /// Lets the host's programs read at most so many bytes a second from each connection; as fast as they like if `None`.
    pub fn slow_reader(&self, bytes_per_second: impl Into<Option<u64>>) {
        let mut world = self.shared.lock();
        world.host_mut(self.id).read_rate = bytes_per_second.into().map(|rate| rate.max(1));
        world.wake_slow_readers(self.id);
    }

    /// Makes the next `count` connections that the host's programs would accept an error of that kind instead. The
    /// connections are not lost.
    pub fn fail_accepts(&self, count: usize, kind: ErrorKind) {
        let mut world = self.shared.lock();
        world.host_mut(self.id).accept_fault = (count > 0).then_some(AcceptFault { count, kind });
        world.wake_acceptors(self.id);
    }

    /// Sets what becomes of the host's lookups of names from now on.
    pub fn set_dns_fault(&self, fault: DnsFault) {
        let mut world = self.shared.lock();
        world.host_mut(self.id).resolving = Resolving { fault };
        let name = world.host(self.id).name.clone();
        world.tell("DNS fault", format!("{fault:?} for {name}"));
    }

    /// Moves the date that the host believes in by so many nanoseconds; see
    /// [`SimRuntime::system_time`](crate::SimRuntime::system_time). Deadlines are not touched by it, as on a real system.
    pub fn step_clock(&self, nanos: i64) {
        let mut world = self.shared.lock();
        let host = world.host_mut(self.id);
        host.clock_step = host.clock_step.saturating_add(nanos);
        let name = host.name.clone();
        world.tell("clock step", format!("{nanos} ns for {name}"));
    }

    fn end_life(&self, status: Status) {
        let mut world = self.shared.lock();
        let host = world.host_mut(self.id);
        host.status = status;
        host.epoch += 1;
        host.parked.clear();
        host.main_task = None;
        let name = host.name.clone();
        world.tell(if status == Status::Off { "power off" } else { "kill" }, name);
        let bodies = world.tasks.take_all(Some(self.id));
        drop(world);
        crate::executor::drop_bodies(bodies);
        // What is held elsewhere, such as by the main future, is closed all the same.
        self.shared.lock().close_all(self.id);
    }
}
