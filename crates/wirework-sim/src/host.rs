//! Hosts: machines with a name, addresses, a clock, limits, and a program that they run.

mod options;
mod state;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub use options::HostOptions;
pub(crate) use state::{HostId, HostState, Status};

use crate::shared::Shared;
use crate::{SimRuntime, SimTask, Tally};

/// A simulated host; a clone is the same one.
#[derive(Clone)]
pub struct Host {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: HostId,
}

impl Host {
    /// Its name, which other hosts can resolve.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.lock().host(self.id).name.clone()
    }

    /// Its first address. Hosts are 10.0.0.1, 10.0.0.2 and so on unless [`HostOptions::address`] says otherwise.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.shared.lock().host(self.id).addresses[0]
    }

    /// Its first address with `port`.
    #[must_use]
    pub fn addr(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.ip(), port)
    }

    /// The runtime of the host's present life.
    #[must_use]
    pub fn runtime(&self) -> SimRuntime {
        let world = self.shared.lock();
        let host = world.host(self.id);
        SimRuntime::new(&self.shared, host.clock, self.id, host.epoch)
    }

    /// Gives the host a program, and runs it. `main` is called now, and again at each [`restart`](Self::restart).
    ///
    /// ```
    /// use std::time::Duration;
    /// use wirework::{Listener, Network};
    /// use wirework_sim::{Config, Sim};
    ///
    /// let sim = Sim::new(Config::new());
    /// let server = sim.host("server");
    /// server.start(|runtime| async move {
    ///     let mut listener = runtime.listen_tcp(([0, 0, 0, 0], 80).into()).unwrap();
    ///     while let Ok(connection) = listener.accept().await {
    ///         drop(connection);
    ///     }
    /// });
    /// let client = sim.host("client").runtime();
    /// sim.run(async {
    ///     sim.sleep(Duration::from_secs(1)).await;
    ///     client.connect_tcp(server.addr(80)).await.unwrap();
    /// });
    /// ```
    pub fn start<F>(&self, mut main: impl FnMut(SimRuntime) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let main = Box::new(move |runtime: SimRuntime| Box::pin(main(runtime)) as _);
        let replaced = self.shared.lock().host_mut(self.id).main.replace(main);
        drop(replaced);
        self.run_main();
    }

    /// What it holds at the moment: tasks, sockets and timers.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.lock().tally(Some(self.id))
    }

    /// Spawns the program, if there is one.
    pub(crate) fn run_main(&self) {
        let Some(mut main) = self.shared.lock().host_mut(self.id).main.take() else {
            return;
        };
        let runtime = self.runtime();
        let future = main(runtime.clone());
        let mut world = self.shared.lock();
        world.host_mut(self.id).main.get_or_insert(main);
        drop(world);
        let task = SimTask::spawn(&runtime, future, std::panic::Location::caller());
        let key = task.key();
        wirework::Task::detach(task);
        let mut world = self.shared.lock();
        world.host_mut(self.id).main_task = key;
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.id.index())
    }
}
