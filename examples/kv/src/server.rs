//! The server: its connections, and what they share.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use wirework::time::sleep;
use wirework::{Context, Deadlines, Network, RunningServer, Runtime, Server, ServerHandle, Watched};

use crate::clock::{Clock, millis};
use crate::command::Commands;
use crate::connection;
use crate::settings::Settings;
use crate::store::{Again, Store};

/// How often keys whose time is over are looked for, at least: none outlives its time by more.
const EXPIRY: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    store: Mutex<Store>,
    pub commands: Commands,
    pub clock: Clock,
    /// For closing other connections; set once the server runs.
    pub handle: OnceLock<ServerHandle>,
}

impl Shared {
    /// All data, locked. Nobody awaits anything while holding it.
    #[inline]
    pub fn store(&self) -> MutexGuard<'_, Store> {
        // A command that panics may leave a collection half changed, but nothing that the others would trip over.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to serve. `since_1970` is the time of day.
///
/// # Errors
/// Fails when it cannot listen there.
pub fn start<N: Network>(
    network: &N,
    listen: SocketAddr,
    settings: Settings,
    since_1970: Duration,
) -> io::Result<RunningServer> {
    let listener = network.listen_tcp(listen)?;
    // Clients of Redis may be silent for as long as they like, and take their time for half a gigabyte. But who stops
    // in the middle of a command, or of taking what is sent, is not kept: the other deadlines say how long.
    let deadlines = Deadlines::new().first_frame(None).idle(None).frame(None);
    let server = Server::new(network)
        .max_connections(settings.max_clients)
        .deadlines(deadlines);
    let shared = Arc::new(Shared {
        store: Mutex::new(Store::new(settings, || network.random_u64())),
        commands: Commands::default(),
        clock: Clock::starting(network, since_1970),
        handle: OnceLock::new(),
    });
    let for_connections = Arc::clone(&shared);
    let server = server.serve(listener, move |connection: Watched<N::TcpStream>, cx: Context| {
        connection::serve(connection.into_inner(), cx, Arc::clone(&for_connections))
    });
    // Nobody else sets it.
    let _ = shared.handle.set(server.handle());
    let stop = server.shutdown_signal();
    let expiry = expire(network.clone(), shared);
    let until = async move {
        let mut stop = stop;
        stop.wait().await;
    };
    wirework::Task::detach(network.spawn(futures_lite::future::or(expiry, until)));
    Ok(server)
}

/// Removes keys whose time is over, whether somebody asks for them or not.
async fn expire<R: Runtime>(runtime: R, shared: Arc<Shared>) {
    loop {
        let now = millis(shared.clock.now(&runtime));
        let again = shared.store().expire(now);
        match again {
            Again::AtOnce => futures_lite::future::yield_now().await,
            Again::In(wait) => sleep(&runtime, wait.clamp(Duration::from_millis(1), EXPIRY)).await,
            Again::Later => sleep(&runtime, EXPIRY).await,
        }
    }
}
