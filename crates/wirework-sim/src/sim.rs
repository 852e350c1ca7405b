//! The simulation, as those who set it up see it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::executor::Hazard;
use crate::host::{HostId, HostState};
use crate::shared::Shared;
use crate::{Capture, Config, ConfigError, Failure, Host, HostOptions, SimRuntime, SimTimer, Tally};

/// A simulated world of hosts. Clones are the same world.
///
/// One thread runs it, in time of its own: while any task is ready it runs, and when none is, time jumps to whatever comes next.
/// All that is left to chance comes from [`Config::choices`], so the same choices give the same run.
///
/// Dropping the value that [`new`](Self::new) gave ends all tasks that are left. The clones are for those tasks themselves.
pub struct Sim {
    pub(crate) shared: Arc<Shared>,
    is_original: bool,
}

impl Sim {
    /// A world without hosts.
    ///
    /// # Panics
    /// Panics if one of the links of `config` is impossible, saying why.
    #[must_use]
    pub fn new(config: Config) -> Self {
        if let Err(error) = config.check() {
            panic!("{error}");
        }
        Self {
            shared: Shared::new(config),
            is_original: true,
        }
    }

    /// The host of that name, which is made, with the default options, if there is none.
    ///
    /// # Panics
    /// Panics if another host was given the address that is this one's turn; [`host_with`](Self::host_with) tells instead.
    #[must_use]
    pub fn host(&self, name: &str) -> Host {
        match self.find_host(name) {
            Ok(host) => host,
            Err(_) => match self.host_with(name, HostOptions::new()) {
                Ok(host) => host,
                Err(error) => panic!("{error}"),
            },
        }
    }

    /// Makes a host.
    ///
    /// # Errors
    /// Fails when there is one of that name or address, and when the options allow it nothing; the error names the host.
    pub fn host_with(&self, name: &str, options: HostOptions) -> Result<Host, ConfigError> {
        let mut world = self.shared.lock();
        let world = &mut *world;
        let id = HostId::at(world.hosts.len());
        let host = HostState::new(id, name, options, &world.config.choices);
        let taken = |other: &&HostState| other.addresses.iter().any(|address| host.has_address(*address));
        let wrong = if world.find_host(name).is_ok() {
            Some("there is another one of that name".to_owned())
        } else if let Some(other) = world.hosts.iter().find(taken) {
            Some(format!("it has an address of host {:?}", other.name))
        } else {
            host.options.wrong()
        };
        if let Some(wrong) = wrong {
            let name = name.to_owned();
            return Err(ConfigError::Host { name, wrong });
        }
        world.hosts.push(host);
        Ok(Host {
            shared: Arc::clone(&self.shared),
            id,
        })
    }

    /// The host of that name.
    ///
    /// # Errors
    /// Fails when there is none, and says which there are.
    pub fn find_host(&self, name: &str) -> Result<Host, ConfigError> {
        let id = self.shared.lock().find_host(name)?;
        Ok(Host {
            shared: Arc::clone(&self.shared),
            id,
        })
    }

    /// All hosts, in the order in which they were made.
    #[must_use]
    pub fn hosts(&self) -> Vec<Host> {
        let world = self.shared.lock();
        let host = |host: &HostState| Host {
            shared: Arc::clone(&self.shared),
            id: host.id,
        };
        world.hosts.iter().map(host).collect()
    }

    /// Runs the world until `main` is complete. What else runs then is stopped where it is, and goes on in the next run.
    ///
    /// `main` belongs to no host, and needs not be `Send` nor `'static`.
    ///
    /// # Panics
    /// Panics where [`try_run`](Self::try_run) fails, with its report, and when `main` panics.
    pub fn run<F: Future>(&self, main: F) -> F::Output {
        match self.try_run(main) {
            Ok(output) => output,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs the world until `main` is complete, as [`run`](Self::run) does.
    ///
    /// # Errors
    /// Fails when `main` cannot come to its end; see [`FailureKind`](crate::FailureKind).
    ///
    /// # Panics
    /// Panics when `main` panics. A panic of a task is the task's own.
    pub fn try_run<F: Future>(&self, main: F) -> Result<F::Output, Failure> {
        self.shared.run(main)
    }

    /// How much time has passed since the world began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.shared.now())
    }

    /// Waits on the world's own clock, which is right.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> SimTimer {
        let clock = Clock::new(0, 0);
        let runtime = SimRuntime::new(&self.shared, clock, HostId::WORLD, 0);
        SimTimer::new(&runtime, self.shared.instant(self.shared.now()) + duration)
    }

    /// A hash of all that has happened so far. The same choices give the same, in every process and on every machine; if they
    /// do not, something under test depends on more than its runtime.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.shared.lock().trace.hash()
    }

    /// The last `count` entries of the event log, a line each, the oldest first. How many there are at most is
    /// [`Config::log_length`].
    #[must_use]
    pub fn log_tail(&self, count: usize) -> Vec<String> {
        self.shared.lock().log_tail(count)
    }

    /// Takes the packets that arrived so far, if [`Config::capture`] is on.
    #[must_use]
    pub fn take_capture(&self) -> Option<Capture> {
        self.shared.lock().capture.as_mut().map(std::mem::take)
    }

    /// What looked wrong so far; at most 100.
    #[must_use]
    pub fn hazards(&self) -> Vec<Hazard> {
        self.shared.lock().hazards.clone()
    }

    /// What all hosts hold at the moment: tasks, sockets and timers. To be compared with what should be left at the end.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.lock().tally(None)
    }

    /// Which task waits for what, a line each, and which connections and faults there are.
    #[must_use]
    pub fn report(&self) -> String {
        self.shared.lock().report()
    }

    /// Ends all tasks, as dropping the original value does.
    pub fn end(&self) {
        self.shared.lock().ended = true;
        loop {
            let mut world = self.shared.lock();
            let bodies = world.tasks.take_all(None);
            let mains: Vec<_> = world.hosts.iter_mut().filter_map(|host| host.main.take()).collect();
            drop(world);
            drop(mains);
            if bodies.is_empty() {
                break;
            }
            crate::executor::drop_bodies(bodies);
        }
    }
}

impl Clone for Sim {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            is_original: false,
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if self.is_original {
            // Tasks hold the world that holds them.
            self.end();
        }
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
