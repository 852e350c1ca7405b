//! Unix stream sockets and their listeners.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use wirework::{Addr, Listener, socket};

use crate::tcp::{Duplex, Listening, Socket};

/// A Unix stream socket.
pub type UnixStream = Socket<tokio::net::UnixStream>;

impl Duplex for tokio::net::UnixStream {
    type ReadHalf = tokio::net::unix::OwnedReadHalf;
    type WriteHalf = tokio::net::unix::OwnedWriteHalf;

    fn into_halves(self) -> (Self::ReadHalf, Self::WriteHalf) {
        self.into_split()
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_io(Interest::READABLE, || socket::peek(self, buf))
    }
}

/// A listening Unix socket.
pub type UnixListener = Listening<tokio::net::UnixListener>;

impl Listener for UnixListener {
    type Connection = UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        let (stream, _) = ready!(self.entered(|listener| listener.poll_accept(cx)))?;
        Poll::Ready(Ok(stream.into()))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}
