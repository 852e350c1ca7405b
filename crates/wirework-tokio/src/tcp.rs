//! TCP connections and listeners.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use wirework::{Addr, Listener, socket};

use crate::stream::Duplex;
use crate::{Listening, Socket};

/// A TCP connection.
pub type TcpStream = Socket<tokio::net::TcpStream>;

impl Duplex for tokio::net::TcpStream {
    type ReadHalf = OwnedReadHalf;
    type WriteHalf = OwnedWriteHalf;

    fn into_halves(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.into_split()
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_io(Interest::READABLE, || socket::peek(self, buf))
    }
}

/// A TCP listener.
pub type TcpListener = Listening<tokio::net::TcpListener>;

impl Listener for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let (stream, _) = ready!(self.entered(|listener| listener.poll_accept(cx)))?;
        stream.set_nodelay(true)?;
        Poll::Ready(Ok(stream.into()))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}
