//! Makes the system's sockets the way wirework wants them, for adapters to wrap.
//!
//! All adapters of real runtimes start from these std sockets, so that an option is set in one place and means the same
//! on every runtime. Each socket is non-blocking and closed on exec.

pub(crate) mod keepalive;
mod options;
#[cfg(unix)]
mod unix;

use std::fmt::{self, Display};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
#[cfg(unix)]
use std::path::Path;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

pub use self::options::ListenOptions;
#[cfg(unix)]
pub use self::unix::{UnixListenOptions, listen_unix_with};
use crate::{Addr, ConnectOptions, Runtime, ignore_not_connected};

/// What a socket can be borrowed from: those of std, and of the runtimes. std calls it `AsFd` on Unix.
#[cfg(unix)]
pub use std::os::fd::AsFd as AsSocket;
#[cfg(windows)]
pub use std::os::windows::io::AsSocket;

/// How many connections may wait to be accepted, unless the system's own limit is lower.
pub const BACKLOG: i32 = 1024;

/// A listening TCP socket, whose connections inherit the options.
///
/// # Errors
/// Those of the system, naming `addr`.
pub fn listen_tcp_with(addr: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
    let listen = || {
        let socket = unbound(addr, Type::STREAM, Protocol::TCP)?;
        options.before_bind(&socket, Domain::for_address(addr))?;
        socket.bind(&addr.into())?;
        options.listen(&socket)?;
        Ok(socket.into())
    };
    listen().map_err(|error| naming(&error, format_args!("listen on {addr}")))
}

/// A TCP socket that has begun to connect. It is connected when it becomes writable without a pending error
/// (`SO_ERROR`).
///
/// # Errors
/// Those of the system, without a name: see [`cannot_connect`].
pub fn begin_connect_tcp(addr: SocketAddr, options: ConnectOptions) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if options.has_nodelay() {
        socket.set_tcp_nodelay(true)?;
    }
    if let Some(idle) = options.keepalive_idle() {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
    }
    if let Some(local) = options.bind_addr() {
        socket.bind(&SocketAddr::new(local, 0).into())?;
    }
    match socket.connect(&addr.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// A bound UDP socket.
///
/// # Errors
/// Those of the system, naming `addr`.
pub fn bind_udp(addr: SocketAddr) -> io::Result<UdpSocket> {
    let bind = || {
        let socket = unbound(addr, Type::DGRAM, Protocol::UDP)?;
        socket.bind(&addr.into())?;
        Ok(socket.into())
    };
    bind().map_err(|error| naming(&error, format_args!("bind {addr}")))
}

/// Asks the system for the addresses of `host`. Blocks.
///
/// # Errors
/// Fails when the name is unknown or has no address, naming `host`.
pub fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let resolve = || {
        let addrs: Vec<_> = (host, port).to_socket_addrs()?.collect();
        if addrs.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addrs)
    };
    resolve().map_err(|error| naming(&error, format_args!("resolve {host:?}")))
}

/// [`resolve`] on a thread of `runtime` where it stops nobody else.
///
/// # Errors
/// As [`resolve`].
///
/// # Cancel safety
/// Dropping the future gives the answer up.
pub async fn resolve_on<R: Runtime>(runtime: &R, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = host.to_owned();
    let lookup = runtime.blocking(move || resolve(&host, port));
    lookup.await?
}

/// Reads without consuming, which std offers for some sockets only.
///
/// # Errors
/// Those of the system: [`WouldBlock`](io::ErrorKind::WouldBlock) where nothing is there yet.
pub fn peek(socket: &impl AsSocket, buf: &mut [u8]) -> io::Result<usize> {
    let (length, _) = rustix::net::recv(socket, buf, RecvFlags::PEEK)?;
    Ok(length)
}

/// Ends one direction of a connection, or both. One that is no longer connected counts as ended.
///
/// # Errors
/// Those of the system.
pub fn shutdown(socket: &impl AsSocket, how: Shutdown) -> io::Result<()> {
    ignore_not_connected(SockRef::from(socket).shutdown(how))
}

/// The address of the other end.
///
/// # Errors
/// Those of the system.
pub fn peer_addr(socket: &impl AsSocket) -> io::Result<Addr> {
    SockRef::from(socket).peer_addr().map(|addr| to_addr(&addr))
}

/// The address of this end.
///
/// # Errors
/// Those of the system.
pub fn local_addr(socket: &impl AsSocket) -> io::Result<Addr> {
    SockRef::from(socket).local_addr().map(|addr| to_addr(&addr))
}

/// The error of a connection attempt, naming whom it was to reach: the same kind, with `error` in its text.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// use wirework::socket::cannot_connect;
///
/// let error = cannot_connect("10.0.0.1:80", &Error::from(ErrorKind::ConnectionRefused));
/// assert_eq!(error.to_string(), "cannot connect to 10.0.0.1:80: connection refused");
/// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
/// ```
pub fn cannot_connect(target: impl Display, error: &io::Error) -> io::Error {
    naming(error, format_args!("connect to {target}"))
}

fn unbound(addr: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    // A restarted server must get its port back while old connections linger (TIME_WAIT). On Windows the same option
    // would let two servers share the port.
    if cfg!(unix) && kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    Ok(socket)
}

/// Whether a connection attempt goes on by itself: Unix says "in progress", Windows "would block".
fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}

fn to_addr(addr: &SockAddr) -> Addr {
    match addr.as_socket() {
        Some(addr) => Addr::Ip(addr),
        #[cfg(unix)]
        None => Addr::Unix(addr.as_pathname().map(Path::to_owned)),
        #[cfg(not(unix))]
        None => Addr::Unix(None),
    }
}

/// The same kind of error, saying what was attempted.
fn naming(error: &io::Error, attempt: fmt::Arguments<'_>) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {attempt}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let options = ListenOptions::new();
        let first = listen_tcp_with(([127, 0, 0, 1], 0).into(), &options).unwrap();
        let addr = first.local_addr().unwrap();
        let error = listen_tcp_with(addr, &options).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&addr.to_string()), "{error}");
    }

    #[test]
    fn connections_inherit_their_listeners_options() {
        use std::net::TcpStream;
        for nodelay in [true, false] {
            let options = ListenOptions::new().nodelay(nodelay).keepalive(Duration::from_secs(7));
            let listener = listen_tcp_with(([127, 0, 0, 1], 0).into(), &options).unwrap();
            let _far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            listener.set_nonblocking(false).unwrap();
            let (near, _) = listener.accept().unwrap();
            assert_eq!(near.nodelay().unwrap(), nodelay);
            assert!(SockRef::from(&near).keepalive().unwrap());
        }
    }

    #[test]
    fn the_system_takes_every_keepalive_that_can_be_set() {
        for silence in [Duration::from_secs(1), Duration::from_millis(32_767_999)] {
            let options = ListenOptions::new().keepalive(silence);
            let listener = listen_tcp_with(([127, 0, 0, 1], 0).into(), &options).unwrap();
            let options = ConnectOptions::new().keepalive(silence);
            let connected = begin_connect_tcp(listener.local_addr().unwrap(), options).unwrap();
            for socket in [SockRef::from(&listener), SockRef::from(&connected)] {
                assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), silence.as_secs());
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn several_may_share_a_port_if_all_of_them_want_to() {
        let shared = ListenOptions::new().reuse_port(true).backlog(7);
        let first = listen_tcp_with(([127, 0, 0, 1], 0).into(), &shared).unwrap();
        let addr = first.local_addr().unwrap();
        let _second = listen_tcp_with(addr, &shared).unwrap();
        assert!(listen_tcp_with(addr, &ListenOptions::new()).is_err());
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = resolve("no-such-host.invalid", 80).unwrap_err();
        assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn unix_sockets_peek_and_know_their_addresses() {
        use std::io::{Read, Write};
        use std::os::unix::net::UnixStream;
        let path = std::env::temp_dir().join(format!("wirework-socket-{}.sock", std::process::id()));
        let listener = listen_unix_with(&path, &UnixListenOptions::new()).unwrap();
        let mut far = UnixStream::connect(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        listener.set_nonblocking(false).unwrap();
        let (mut near, _) = listener.accept().unwrap();
        assert_eq!(local_addr(&near).unwrap(), Addr::Unix(Some(path)));
        assert_eq!(peer_addr(&near).unwrap(), Addr::Unix(None));

        far.write_all(b"ping").unwrap();
        let mut buf = [0; 8];
        assert_eq!(peek(&near, &mut buf[..2]).unwrap(), 2);
        assert_eq!(near.read(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"ping");
    }

    #[test]
    fn shutting_down_what_is_not_connected_is_no_error() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        shutdown(&socket, Shutdown::Both).unwrap();
        assert_eq!(peer_addr(&socket).unwrap_err().kind(), io::ErrorKind::NotConnected);
    }
}
