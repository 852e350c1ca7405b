//! Sockets, as a capability of the runtime.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use wirework::socket::UnixListenOptions;
use wirework::socket::{self, ListenOptions};
use wirework::{ConnectOptions, Network};

use crate::{Smol, TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use crate::{UnixListener, UnixStream};

impl Network for Smol {
    type TcpStream = TcpStream;
    type TcpListener = TcpListener;
    type UdpSocket = UdpSocket;
    #[cfg(unix)]
    type UnixStream = UnixStream;
    #[cfg(unix)]
    type UnixListener = UnixListener;

    fn connect_tcp_with(
        &self,
        addr: SocketAddr,
        options: ConnectOptions,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send {
        TcpStream::connect_with(addr, options)
    }

    fn listen_tcp_with(&self, addr: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
        TcpListener::bind_with(addr, options)
    }

    fn bind_udp(&self, addr: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::bind(addr)
    }

    #[cfg(unix)]
    fn connect_unix(&self, path: &Path) -> impl Future<Output = io::Result<UnixStream>> + Send {
        UnixStream::connect(path)
    }

    #[cfg(unix)]
    fn listen_unix_with(&self, path: &Path, options: &UnixListenOptions) -> io::Result<UnixListener> {
        UnixListener::bind_with(path, options)
    }

    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        socket::resolve_on(self, host, port)
    }
}
