//! TCP connections and listeners.
//!
//! Unix ones differ in nothing but tokio's name for them, so what both are made of is here as well: [`Socket`], [`Duplex`]
//! and [`Listening`].

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::runtime::Handle;
use wirework::socket::{self, AsSocket};
use wirework::{Addr, Connection, Listener, Split, ignore_not_connected};

use crate::Tokio;

/// A TCP connection.
pub type TcpStream = Socket<tokio::net::TcpStream>;

impl Duplex for tokio::net::TcpStream {
    type ReadHalf = tokio::net::tcp::OwnedReadHalf;
    type WriteHalf = tokio::net::tcp::OwnedWriteHalf;

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

/// A TCP listener.
pub type TcpListener = Listening<tokio::net::TcpListener>;

impl Listener for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let (stream, _) = ready!(self.entered(|listener| listener.poll_accept(cx)))?;
        Poll::Ready(Ok(stream.into()))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}

/// A socket of `tokio::net`, or half of one. `From` takes one over as it is.
///
/// wirework's traits are implemented on it because they cannot be on tokio's own types: neither are ours.
///
/// Known by its aliases, such as [`TcpStream`](crate::TcpStream).
#[derive(Debug)]
pub struct Socket<S>(pub(crate) S);

impl<S> Socket<S> {
    /// tokio's socket, for its options.
    pub fn get_ref(&self) -> &S {
        &self.0
    }
}

impl<S> From<S> for Socket<S> {
    fn from(inner: S) -> Self {
        Self(inner)
    }
}

impl<S: AsyncRead + Unpin> futures_io::AsyncRead for Socket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<S: AsyncWrite + Unpin> futures_io::AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx).map(ignore_not_connected)
    }
}

impl<S: Duplex> Connection for Socket<S> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_readable(cx))?;
            match self.0.try_peek(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        socket::shutdown(&self.0, how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        socket::peer_addr(&self.0)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(&self.0)
    }
}

impl<S: Duplex> Split for Socket<S> {
    type ReadHalf = Socket<S::ReadHalf>;
    type WriteHalf = Socket<S::WriteHalf>;

    fn split(self) -> (Self::ReadHalf, Self::WriteHalf) {
        let (read, write) = self.0.into_halves();
        (read.into(), write.into())
    }
}

/// What tokio's stream sockets have in common without a trait of tokio's. Sealed.
pub trait Duplex: AsyncRead + AsyncWrite + AsSocket + Send + Unpin + 'static {
    type ReadHalf: AsyncRead + Send + Unpin + 'static;
    type WriteHalf: AsyncWrite + Send + Unpin + 'static;

    fn into_halves(self) -> (Self::ReadHalf, Self::WriteHalf);
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Reads without consuming; `WouldBlock` makes tokio forget that the socket was readable.
    fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize>;
}

/// A listener of `tokio::net`, and the runtime that its connections belong to; see [`Tokio::adopt_listener`].
///
/// tokio would have them belong to whichever runtime polls the listener, and panic where none does.
///
/// Known by its aliases, such as [`TcpListener`](crate::TcpListener).
#[derive(Debug)]
pub struct Listening<L> {
    inner: L,
    runtime: Handle,
}

impl<L> Listening<L> {
    /// tokio's listener, for its options.
    pub fn get_ref(&self) -> &L {
        &self.inner
    }

    /// Calls `poll` in the context of the runtime.
    pub(crate) fn entered<R>(&self, poll: impl FnOnce(&L) -> R) -> R {
        let _entered = self.runtime.enter();
        poll(&self.inner)
    }
}

impl Tokio {
    /// Takes over a listener of `tokio::net` as it is. Its connections belong to this runtime.
    #[must_use]
    pub fn adopt_listener<L>(&self, listener: L) -> Listening<L> {
        Listening {
            inner: listener,
            runtime: self.handle().clone(),
        }
    }
}
