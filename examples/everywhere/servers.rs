//! The servers: one handler behind every transport of a runtime.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use wirework::memory::{self, MemoryConnector};
use wirework::{Connection, Network, RunningServer, Server};
use wirework_examples::RuntimeChoice;
use wirework_examples::store::{self, StoreCodec};

/// How many bytes a connection in memory holds in each direction.
const MEMORY: usize = 64 * 1024;

/// How to get to a server.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
    Memory(MemoryConnector),
}

impl Door {
    /// Connects, from any runtime.
    pub(crate) async fn connect<N: Network>(&self, network: &N) -> io::Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Tcp(addr) => Box::new(network.connect_tcp(*addr).await?),
            #[cfg(unix)]
            Self::Unix(path) => Box::new(network.connect_unix(path).await?),
            Self::Memory(connector) => Box::new(connector.connect().await?),
        })
    }
}

/// What is between a client and a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    Tcp,
    #[cfg(unix)]
    Unix,
    Memory,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            #[cfg(unix)]
            Self::Unix => "Unix socket",
            Self::Memory => "memory",
        })
    }
}

/// A server at work.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) transport: Transport,
    pub(crate) runtime: RuntimeChoice,
    pub(crate) door: Door,
    pub(crate) server: RunningServer,
}

/// Opens a server for each transport.
pub(crate) fn serve<N: Network>(network: &N, runtime: RuntimeChoice, dir: &Path) -> anyhow::Result<Vec<Served>> {
    let server = || Server::new(network).drain_deadline(Duration::from_secs(5));

    let listener = network.listen_tcp((Ipv4Addr::LOCALHOST, 0).into())?;
    let tcp = server().serve_framed(listener, StoreCodec::new(), store::serve);
    let addr = tcp.local_addr()?.ip().context("TCP has IP addresses")?;

    #[cfg(unix)]
    let path = dir.join(format!("{runtime}.sock"));
    #[cfg(unix)]
    let unix = server().serve_framed(network.listen_unix(&path)?, StoreCodec::new(), store::serve);

    let (connector, listener) = memory::listener(MEMORY);
    let in_memory = server().serve_framed(listener, StoreCodec::new(), store::serve);

    Ok([
        (Transport::Tcp, Door::Tcp(addr), tcp),
        #[cfg(unix)]
        (Transport::Unix, Door::Unix(path), unix),
        (Transport::Memory, Door::Memory(connector), in_memory),
    ]
    .map(|(transport, door, server)| Served {
        transport,
        runtime,
        door,
        server,
    })
    .into())
}
