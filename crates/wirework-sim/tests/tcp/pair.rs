//! What the tests have in common: two hosts with a connection between them, and the units of time.

use std::io::ErrorKind;
use std::time::Duration;

use futures_lite::future::zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Listener, Network};
use wirework_sim::{Config, Host, HostOptions, Sim, SimStream};

/// A millisecond.
pub(crate) const MS: Duration = Duration::from_millis(1);
/// A second.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Two hosts, and a connection between them.
pub(crate) struct Pair {
    pub(crate) sim: Sim,
    pub(crate) client_host: Host,
    pub(crate) server_host: Host,
    pub(crate) client: SimStream,
    pub(crate) server: SimStream,
}

impl Pair {
    pub(crate) fn new(config: Config) -> Self {
        Self::with(config, HostOptions::new(), HostOptions::new())
    }

    pub(crate) fn with(config: Config, client: HostOptions, server: HostOptions) -> Self {
        let sim = Sim::new(config);
        let client_host = sim.host_with("client", client).unwrap();
        let server_host = sim.host_with("server", server).unwrap();
        let (client, server) = sim.run(connect(&client_host, &server_host));
        Self {
            sim,
            client_host,
            server_host,
            client,
            server,
        }
    }
}

pub(crate) async fn connect(client: &Host, server: &Host) -> (SimStream, SimStream) {
    let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
    let runtime = client.runtime();
    let (client, server) = zip(runtime.connect_tcp(server.addr(80)), listener.accept()).await;
    (client.unwrap(), server.unwrap())
}

pub(crate) async fn read(stream: &mut SimStream) -> Result<usize, ErrorKind> {
    stream.read(&mut [0; 100]).await.map_err(|error| error.kind())
}

pub(crate) async fn write(stream: &mut SimStream) -> Result<usize, ErrorKind> {
    stream.write(b"x").await.map_err(|error| error.kind())
}
