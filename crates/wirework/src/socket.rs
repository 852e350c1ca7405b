//! Makes the system's sockets the way wirework wants them, for adapters to wrap.
//!
//! All adapters of real runtimes start from these std sockets, so that an option is set in one place and means the same
//! on every runtime. Each socket is non-blocking and closed on exec.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
#[cfg(unix)]
use std::path::Path;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// How many connections may wait to be accepted, unless the system's own limit is lower.
pub const BACKLOG: i32 = 1024;

/// A listening TCP socket.
///
/// # Errors
/// Those of the system, naming `addr`.
pub fn listen_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let listen = || {
        let socket = bound(addr, Type::STREAM, Protocol::TCP)?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error| naming(&error, format_args!("listen on {addr}")))
}

/// A bound UDP socket.
///
/// # Errors
/// Those of the system, naming `addr`.
pub fn bind_udp(addr: SocketAddr) -> io::Result<UdpSocket> {
    bound(addr, Type::DGRAM, Protocol::UDP)
        .map(Into::into)
        .map_err(|error| naming(&error, format_args!("bind {addr}")))
}

/// A listening Unix socket.
///
/// # Errors
/// Those of the system, naming `path`.
#[cfg(unix)]
pub fn listen_unix(path: &Path) -> io::Result<UnixListener> {
    let listen = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error| naming(&error, format_args!("listen on {}", path.display())))
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

fn bound(addr: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    // A restarted server must get its port back while old connections linger (TIME_WAIT). On Windows the same option
    // would let two servers share the port.
    if cfg!(unix) && kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// The same kind of error, saying what was attempted.
fn naming(error: &io::Error, attempt: std::fmt::Arguments<'_>) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {attempt}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let first = listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = first.local_addr().unwrap();
        let error = listen_tcp(addr).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&addr.to_string()), "{error}");
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = resolve("no-such-host.invalid", 80).unwrap_err();
        assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
    }
}
