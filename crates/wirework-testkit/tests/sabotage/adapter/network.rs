//! Sockets of a runtime with a fault.

use std::io;
use std::net::{self, SocketAddr};
use std::os::unix;
use std::path::Path;

use wirework::socket::{ListenOptions, UnixListenOptions};
use wirework::{ConnectOptions, Network};
use wirework_smol::Smol;

use super::Fault;
use super::Sabotaged;
use super::listener::Listener;
use super::stream::Stream;
use super::udp::UdpSocket;

impl Network for Sabotaged {
    type TcpStream = Stream<<Smol as Network>::TcpStream>;
    type TcpListener = Listener<<Smol as Network>::TcpListener>;
    type UdpSocket = UdpSocket;
    type UnixStream = Stream<<Smol as Network>::UnixStream>;
    type UnixListener = Listener<<Smol as Network>::UnixListener>;

    async fn connect_tcp(&self, addr: SocketAddr) -> io::Result<Self::TcpStream> {
        let stream = self.inner.connect_tcp(addr).await;
        Ok(Stream::new(self.fault, self.named(stream)?))
    }

    async fn connect_tcp_with(&self, addr: SocketAddr, options: ConnectOptions) -> io::Result<Self::TcpStream> {
        let stream = self.inner.connect_tcp_with(addr, options).await;
        Ok(Stream::new(self.fault, self.named(stream)?))
    }

    fn listen_tcp_with(&self, addr: SocketAddr, options: &ListenOptions) -> io::Result<Self::TcpListener> {
        let listener = self.inner.listen_tcp_with(addr, options);
        Ok(Listener::new(self.fault, self.named(listener)?))
    }

    fn bind_udp(&self, addr: SocketAddr) -> io::Result<UdpSocket> {
        let socket = self.inner.bind_udp(addr);
        Ok(UdpSocket::new(self.fault, self.named(socket)?))
    }

    async fn connect_unix(&self, path: &Path) -> io::Result<Self::UnixStream> {
        let stream = self.inner.connect_unix(path).await;
        Ok(Stream::new(self.fault, self.named(stream)?))
    }

    fn listen_unix_with(&self, path: &Path, options: &UnixListenOptions) -> io::Result<Self::UnixListener> {
        let listener = self.inner.listen_unix_with(path, options);
        Ok(Listener::new(self.fault, self.named(listener)?))
    }

    fn adopt_tcp_listener(&self, listener: net::TcpListener) -> io::Result<Self::TcpListener> {
        if self.fault == Fault::AdoptsAnother {
            drop(listener);
            return self.listen_tcp(([127, 0, 0, 1], 0).into());
        }
        Ok(Listener::new(self.fault, self.inner.adopt_tcp_listener(listener)?))
    }

    fn adopt_unix_listener(&self, listener: unix::net::UnixListener) -> io::Result<Self::UnixListener> {
        Ok(Listener::new(self.fault, self.inner.adopt_unix_listener(listener)?))
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let port = if self.fault == Fault::LookupForgetsPort {
            0
        } else {
            port
        };
        self.named(self.inner.resolve(host, port).await)
    }
}

impl Sabotaged {
    fn named<T>(&self, result: io::Result<T>) -> io::Result<T> {
        match self.fault {
            Fault::ErrorsNameNothing => result.map_err(|error| error.kind().into()),
            _ => result,
        }
    }
}
