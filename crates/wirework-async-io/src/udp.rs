//! UDP sockets.

use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;
use wirework::{Datagram, socket};

use crate::interest::Interest;
use crate::source::Source;

/// A UDP socket.
#[derive(Debug)]
pub struct UdpSocket {
    source: Source<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to `addr`.
    ///
    /// # Errors
    /// Those of the system, naming `addr`.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let source = Source::new(socket::bind_udp(addr)?)?;
        Ok(Self { source })
    }

    /// Takes over a socket that async-io already watches; see [`TcpStream::adopt`](crate::TcpStream::adopt).
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(socket: impl Into<Arc<Async<net::UdpSocket>>>) -> io::Result<Self> {
        let source = Source::adopt(socket, net::UdpSocket::try_clone)?;
        Ok(Self { source })
    }

    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &net::UdpSocket {
        self.source.get_ref()
    }
}

impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// Takes over a socket, with its options as they are except that it becomes non-blocking.
    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let source = Source::new(socket)?;
        Ok(Self { source })
    }
}

impl Datagram for UdpSocket {
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.source.poll_attempt(Interest::Read, cx, |io| io.recv_from(buf))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        self.source
            .poll_attempt(Interest::Write, cx, |io| io.send_to(buf, target))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.get_ref().local_addr()
    }
}
