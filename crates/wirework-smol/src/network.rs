//! Sockets, as a capability of the runtime.

use std::io;
use std::net::{self, SocketAddr};
#[cfg(unix)]
use std::os::unix;
#[cfg(unix)]
use std::path::Path;

use wirework::{ConnectOptions, Network, socket};

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

    fn adopt_tcp_listener(&self, listener: net::TcpListener) -> io::Result<TcpListener> {
        listener.try_into()
    }

    fn bind_udp(&self, addr: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::bind(addr)
    }

    #[cfg(unix)]
    fn connect_unix(&self, path: &Path) -> impl Future<Output = io::Result<UnixStream>> + Send {
        UnixStream::connect(path)
    }

    #[cfg(unix)]
    fn adopt_unix_listener(&self, listener: unix::net::UnixListener) -> io::Result<UnixListener> {
        listener.try_into()
    }

    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        socket::resolve_on(self, host, port)
    }
}
