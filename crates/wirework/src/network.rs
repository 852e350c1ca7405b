//! Sockets, as a capability of a runtime.

use std::io;
use std::net::{self, SocketAddr};
#[cfg(unix)]
use std::os::unix;
#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use crate::socket::UnixListenOptions;
use crate::socket::{self, ListenOptions};
use crate::{ConnectOptions, Datagram, Listener, Runtime, Split};

/// A runtime that has sockets.
///
/// TCP connections have `TCP_NODELAY` set on both ends unless asked otherwise: wirework gathers small writes itself. Listeners
/// have `SO_REUSEADDR` on Unix, and what [`ListenOptions`] say.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no sockets",
    label = "not a `Network`",
    note = "a network is a value: the argument of what `wirework_smol::run` is given, or `Tokio::current()`; \
            a `Context` is a runtime only"
)]
pub trait Network: Runtime {
    /// A TCP connection.
    type TcpStream: Split;
    /// A TCP listener.
    type TcpListener: Listener<Connection = Self::TcpStream>;
    /// A UDP socket.
    type UdpSocket: Datagram;
    /// A Unix stream socket.
    #[cfg(unix)]
    type UnixStream: Split;
    /// A listening Unix socket.
    #[cfg(unix)]
    type UnixListener: Listener<Connection = Self::UnixStream>;

    /// Connects over TCP to one address. [`connect`](crate::connect()) takes a name and tries all of its addresses.
    ///
    /// # Errors
    /// Those of the system: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when nobody listens there. The time it
    /// takes is bounded by the system alone (minutes); see [`timeout`](crate::time::timeout()).
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    fn connect_tcp(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::TcpStream>> + Send {
        self.connect_tcp_with(addr, ConnectOptions::new())
    }

    /// [`connect_tcp`](Self::connect_tcp) with options of the socket, set before it connects.
    ///
    /// # Errors
    /// As [`connect_tcp`](Self::connect_tcp); those of binding to the local address:
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) when it is not this host's.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    fn connect_tcp_with(
        &self,
        addr: SocketAddr,
        options: ConnectOptions,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send;

    /// Listens for TCP connections. Port 0 lets the system choose one.
    ///
    /// # Errors
    /// Those of the system: [`AddrInUse`](io::ErrorKind::AddrInUse) when someone else listens there. The error names the
    /// address.
    fn listen_tcp(&self, addr: SocketAddr) -> io::Result<Self::TcpListener> {
        self.listen_tcp_with(addr, &ListenOptions::new())
    }

    /// As [`listen_tcp`](Self::listen_tcp), with options.
    ///
    /// # Errors
    /// As there; [`Unsupported`](io::ErrorKind::Unsupported) where the system lacks what an option asks for.
    fn listen_tcp_with(&self, addr: SocketAddr, options: &ListenOptions) -> io::Result<Self::TcpListener> {
        self.adopt_tcp_listener(socket::listen_tcp_with(addr, options)?)
    }

    /// Takes over a TCP socket that listens already, with its options as they are except that it becomes non-blocking: one that
    /// the service manager gave, or the process before this one. [`ListenOptions::apply_to`] sets what its connections inherit.
    ///
    /// A network of the system's sockets implements this; one that has none implements
    /// [`listen_tcp_with`](Self::listen_tcp_with).
    ///
    /// # Errors
    /// Those of the system; [`Unsupported`](io::ErrorKind::Unsupported) where sockets are not those of the system, as in a
    /// simulation.
    fn adopt_tcp_listener(&self, listener: net::TcpListener) -> io::Result<Self::TcpListener> {
        drop(listener);
        Err(no_system_sockets())
    }

    /// Binds a UDP socket. Port 0 lets the system choose one.
    ///
    /// # Errors
    /// As [`listen_tcp`](Self::listen_tcp).
    fn bind_udp(&self, addr: SocketAddr) -> io::Result<Self::UdpSocket>;

    /// Connects to a Unix socket.
    ///
    /// # Errors
    /// Those of the system: [`NotFound`](io::ErrorKind::NotFound) when there is no such path.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    #[cfg(unix)]
    fn connect_unix(&self, path: &Path) -> impl Future<Output = io::Result<Self::UnixStream>> + Send;

    /// Listens on a Unix socket, whose file it makes. The file is not removed when the listener is dropped.
    ///
    /// # Errors
    /// Those of the system: [`AddrInUse`](io::ErrorKind::AddrInUse) when the path exists. The error names the path.
    #[cfg(unix)]
    fn listen_unix(&self, path: &Path) -> io::Result<Self::UnixListener> {
        self.listen_unix_with(path, &UnixListenOptions::new())
    }

    /// As [`listen_unix`](Self::listen_unix), with options.
    ///
    /// # Errors
    /// As there.
    #[cfg(unix)]
    fn listen_unix_with(&self, path: &Path, options: &UnixListenOptions) -> io::Result<Self::UnixListener> {
        self.adopt_unix_listener(socket::listen_unix_with(path, options)?)
    }

    /// As [`adopt_tcp_listener`](Self::adopt_tcp_listener), of a Unix socket.
    ///
    /// # Errors
    /// As there.
    #[cfg(unix)]
    fn adopt_unix_listener(&self, listener: unix::net::UnixListener) -> io::Result<Self::UnixListener> {
        drop(listener);
        Err(no_system_sockets())
    }

    /// Looks up the addresses of `host`, each with `port`. Real runtimes ask the system's resolver on a blocking thread.
    ///
    /// # Errors
    /// Fails when the name is unknown or the resolver is out of reach, naming the host; never gives an empty list.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up.
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

fn no_system_sockets() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this network has no sockets of the system")
}
