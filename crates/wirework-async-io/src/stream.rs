//! A connected stream socket, TCP or Unix, and its two halves.
//!
//! Written once for both: they differ in how they are made only.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wirework::socket::{self, AsSocket};
use wirework::{Addr, Connection, Split};

use crate::interest::Interest;
use crate::source::Source;

/// A connection over a std stream socket `T`.
///
/// Known by its aliases [`TcpStream`](crate::TcpStream) and [`UnixStream`](crate::UnixStream).
#[derive(Debug)]
pub struct Stream<T: AsSocket> {
    source: Source<T>,
}

impl<T: AsSocket> Stream<T> {
    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.source.get_ref()
    }
}

/// A socket does not care where it is.
impl<T: AsSocket> Unpin for Stream<T> {}

impl<T: AsSocket> From<Source<T>> for Stream<T> {
    fn from(source: Source<T>) -> Self {
        Self { source }
    }
}

impl<T: AsSocket> AsyncRead for Stream<T>
where
    for<'a> &'a T: Read,
{
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_read_vectored(cx, bufs)
    }
}

impl<T: AsSocket> AsyncWrite for Stream<T>
where
    for<'a> &'a T: Write,
{
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.source.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // A socket holds nothing back.
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket::shutdown(self.source.get_ref(), Shutdown::Write))
    }
}

impl<T: AsSocket + Send + Sync + 'static> Connection for Stream<T>
where
    for<'a> &'a T: Read + Write,
{
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_attempt(Interest::Read, cx, |io| socket::peek(io, buf))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        socket::shutdown(self.get_ref(), how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        socket::peer_addr(self.get_ref())
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}

impl<T: AsSocket + Send + Sync + 'static> Split for Stream<T>
where
    for<'a> &'a T: Read + Write,
{
    type ReadHalf = ReadHalf<T>;
    type WriteHalf = WriteHalf<T>;

    fn split(self) -> (ReadHalf<T>, WriteHalf<T>) {
        let source = Arc::new(self.source);
        let write = WriteHalf {
            source: Arc::clone(&source),
            closed: false,
        };
        (ReadHalf { source }, write)
    }
}

/// The reading direction of a [`Stream`]. Dropping it tells the peer nothing.
#[derive(Debug)]
pub struct ReadHalf<T: AsSocket> {
    source: Arc<Source<T>>,
}

impl<T: AsSocket> AsyncRead for ReadHalf<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_read_vectored(cx, bufs)
    }
}

/// The writing direction of a [`Stream`]. Dropping it sends the end of the stream.
#[derive(Debug)]
pub struct WriteHalf<T: AsSocket> {
    source: Arc<Source<T>>,
    closed: bool,
}

impl<T: AsSocket> AsyncWrite for WriteHalf<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.source.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            socket::shutdown(self.source.get_ref(), Shutdown::Write)?;
            self.closed = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsSocket> Drop for WriteHalf<T> {
    fn drop(&mut self) {
        if !self.closed {
            // There is nobody left to tell.
            socket::shutdown(self.source.get_ref(), Shutdown::Write).ok();
        }
    }
}
