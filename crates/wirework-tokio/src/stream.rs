//! Connected stream sockets, TCP or Unix, and their two halves.
//!
//! Written once: all of tokio's types differ from wirework's traits in the same way.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wirework::socket::{self, AsSocket};
use wirework::{Addr, Connection, Split, ignore_not_connected};

use crate::Socket;

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
