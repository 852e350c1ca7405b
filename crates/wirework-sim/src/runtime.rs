//! A simulated host as a runtime: what the programs under test are given.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use wirework::Runtime;

use crate::clock::Clock;
use crate::host::HostId;
use crate::shared::Shared;
use crate::{Config, Sim, SimTask, SimTimer};

/// The runtime of one simulated host: its clock, its tasks, its dice and its network.
///
/// It belongs to one life of the host: once the host is killed, powered off or restarted, all that is spawned with it is
/// cancelled at once and its network is gone. The host's next life is given a runtime of its own.
#[derive(Clone)]
pub struct SimRuntime {
    shared: Arc<Shared>,
    clock: Clock,
    host: HostId,
    epoch: u32,
}

impl SimRuntime {
    pub(crate) fn new(shared: &Arc<Shared>, clock: Clock, host: HostId, epoch: u32) -> Self {
        Self {
            shared: Arc::clone(shared),
            clock,
            host,
            epoch,
        }
    }

    /// The name of the host.
    #[must_use]
    pub fn host_name(&self) -> String {
        self.shared.lock().host(self.host).name.clone()
    }

    /// What the host believes the date to be, which [`Host::step_clock`](crate::Host::step_clock) changes at once. It begins
    /// at the start of the year 2000. The clock of [`now`](Runtime::now) is another one, and goes on evenly.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        const YEAR_2000: u64 = 946_684_800;
        let step = self.shared.lock().host(self.host).clock_step;
        let shown = SystemTime::UNIX_EPOCH
            + Duration::from_secs(YEAR_2000)
            + Duration::from_nanos(self.clock.local(self.shared.now()));
        let amount = Duration::from_nanos(step.unsigned_abs());
        if step < 0 { shown - amount } else { shown + amount }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn host_id(&self) -> HostId {
        self.host
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// When the host's clock shows `instant`, in the world's time.
    pub(crate) fn world_time(&self, instant: Instant) -> u64 {
        self.clock.world(self.shared.nanos(instant))
    }
}

impl Runtime for SimRuntime {
    type Timer = SimTimer;
    type Task<T: Send + 'static> = SimTask<T>;

    fn now(&self) -> Instant {
        self.shared.instant(self.clock.local(self.shared.now()))
    }

    fn timer(&self, deadline: Instant) -> SimTimer {
        SimTimer::new(self, deadline)
    }

    #[track_caller]
    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> SimTask<F::Output> {
        SimTask::spawn(self, future, Location::caller())
    }

    /// Runs the function on the simulation's only thread, after some simulated time. So it must not wait for a task.
    #[track_caller]
    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> SimTask<T> {
        let cost = self.shared.lock().config.blocking_cost;
        let timer = self.timer(self.now() + cost);
        let run = async move {
            timer.await;
            function()
        };
        SimTask::spawn(self, run, Location::caller())
    }

    fn random_u64(&self) -> u64 {
        self.shared.lock().host_mut(self.host).random()
    }
}

impl fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimRuntime")
            .field("host", &self.host)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Runs `main` on the only host of a new simulation, with the defaults of [`Config`].
///
/// # Panics
/// Panics when `main` panics, and when it cannot come to its end; see [`Sim::run`].
pub fn run<F: Future>(main: impl FnOnce(SimRuntime) -> F) -> F::Output {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("localhost").runtime();
    sim.run(main(runtime))
}
