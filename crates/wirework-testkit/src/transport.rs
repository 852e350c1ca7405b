//! The ways to make a connected pair: over TCP, and over a Unix socket.
//!
//! What holds for one stream holds for the other, so a check of a connection is written once and run over both.

use std::net::{Ipv4Addr, SocketAddr};

use futures_lite::future::zip;
use wirework::{Listener, Network, Split};

#[cfg(unix)]
use crate::temp_path::TempPath;

/// Where checks listen: any free port on the loopback interface.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Makes connections of one kind on one runtime.
pub trait Transport: Send + Sync + 'static {
    /// Whose connections they are.
    type Runtime: Network;
    /// What it makes.
    type Stream: Split;

    /// The runtime.
    fn runtime(&self) -> &Self::Runtime;

    /// Two ends of a new connection: the one that connected, and the one that was accepted.
    fn pair(&self) -> impl Future<Output = (Self::Stream, Self::Stream)> + Send;
}

/// TCP over IPv4's loopback interface.
#[derive(Debug, Clone)]
pub struct Tcp<N>(pub N);

impl<N: Network> Transport for Tcp<N> {
    type Runtime = N;
    type Stream = N::TcpStream;

    fn runtime(&self) -> &N {
        &self.0
    }

    async fn pair(&self) -> (N::TcpStream, N::TcpStream) {
        let (mut listener, addr) = listen(&self.0);
        let (client, server) = zip(self.0.connect_tcp(addr), listener.accept()).await;
        (
            client.expect("connecting to a listener must succeed"),
            server.expect("accepting a connection must succeed"),
        )
    }
}

/// Unix sockets, by a path that is removed once the connection is made.
#[cfg(unix)]
#[derive(Debug, Clone)]
pub struct Unix<N>(pub N);

#[cfg(unix)]
impl<N: Network> Transport for Unix<N> {
    type Runtime = N;
    type Stream = N::UnixStream;

    fn runtime(&self) -> &N {
        &self.0
    }

    async fn pair(&self) -> (N::UnixStream, N::UnixStream) {
        let path = TempPath::new();
        let mut listener = self.0.listen_unix(&path).expect("listening on a new path must succeed");
        let (client, server) = zip(self.0.connect_unix(&path), listener.accept()).await;
        (
            client.expect("connecting to a listener must succeed"),
            server.expect("accepting a connection must succeed"),
        )
    }
}

/// A TCP listener, and where to find it.
pub(crate) fn listen<N: Network>(rt: &N) -> (N::TcpListener, SocketAddr) {
    let listener = rt.listen_tcp(LOOPBACK).expect("listening on a free port must succeed");
    let addr = ip(listener.local_addr());
    (listener, addr)
}

/// The IP address among the addresses.
pub(crate) fn ip(addr: std::io::Result<wirework::Addr>) -> SocketAddr {
    let addr = addr.expect("a TCP socket must know its address");
    addr.ip()
        .unwrap_or_else(|| panic!("a TCP socket's address must be an IP address, not {addr}"))
}
