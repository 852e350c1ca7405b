//! A connected stream socket, TCP or Unix, and its two halves.
//!
//! Written once for both: they differ in their addresses only.

use std::fmt::Debug;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};
use wirework::{Addr, Connection, Split, ignore_not_connected};

use crate::source::{Interest, Source};

/// A connection over a std stream socket `T`.
///
/// Known by its aliases [`TcpStream`](crate::TcpStream) and [`UnixStream`](crate::UnixStream).
#[derive(Debug)]
pub struct Stream<T> {
    source: Arc<Source<T>>,
}

impl<T: Socket> Stream<T> {
    /// Takes over a connection that async-io already watches, with its options as they are: a `smol::net` stream, an
    /// [`Async`], or an `Arc` of one.
    ///
    /// Where clones of it live on, this one gets a file descriptor of its own for the same connection.
    ///
    /// ```
    /// use async_io::Async;
    /// # use std::net;
    /// # fn main() -> std::io::Result<()> {
    /// # let listener = net::TcpListener::bind("127.0.0.1:0")?;
    /// let watched = Async::new(net::TcpStream::connect(listener.local_addr()?)?)?;
    /// let stream = wirework_async_io::TcpStream::adopt(watched)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(stream: impl Into<Arc<Async<T>>>) -> io::Result<Self> {
        let source = Source::adopt(stream, T::duplicate)?;
        Ok(Self {
            source: Arc::new(source),
        })
    }

    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.source.get_ref()
    }
}

impl<T> From<Async<T>> for Stream<T> {
    fn from(io: Async<T>) -> Self {
        Self {
            source: Arc::new(Source::new(io)),
        }
    }
}

impl<T: Socket> AsyncRead for Stream<T>
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

impl<T: Socket> AsyncWrite for Stream<T>
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
        Poll::Ready(Ok(())) // A socket holds nothing back.
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(&self.source, Shutdown::Write))
    }
}

impl<T: Socket> Connection for Stream<T>
where
    for<'a> &'a T: Read + Write,
{
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_attempt(Interest::Read, cx, |io| io.peek(buf))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        shutdown(&self.source, how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.get_ref().peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.get_ref().local_addr()
    }
}

impl<T: Socket> Split for Stream<T>
where
    for<'a> &'a T: Read + Write,
{
    type ReadHalf = ReadHalf<T>;
    type WriteHalf = WriteHalf<T>;

    fn split(self) -> (ReadHalf<T>, WriteHalf<T>) {
        let source = Arc::clone(&self.source);
        let write = WriteHalf {
            source: self.source,
            closed: false,
        };
        (ReadHalf { source }, write)
    }
}

/// The reading direction of a [`Stream`]. Dropping it tells the peer nothing.
#[derive(Debug)]
pub struct ReadHalf<T> {
    source: Arc<Source<T>>,
}

impl<T: Socket> AsyncRead for ReadHalf<T>
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
pub struct WriteHalf<T: Socket> {
    source: Arc<Source<T>>,
    closed: bool,
}

impl<T: Socket> AsyncWrite for WriteHalf<T>
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
            shutdown(&self.source, Shutdown::Write)?;
            self.closed = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Socket> Drop for WriteHalf<T> {
    fn drop(&mut self) {
        if !self.closed {
            // There is nobody left to tell.
            shutdown(&self.source, Shutdown::Write).ok();
        }
    }
}

/// What stream sockets have in common besides reading and writing. Sealed: implemented for std's two.
pub trait Socket: Debug + Send + Sync + Sized + 'static {
    /// A second descriptor of the same socket.
    fn duplicate(&self) -> io::Result<Async<Self>>;
    /// Reads without consuming.
    fn peek(&self, buf: &mut [u8]) -> io::Result<usize>;
    /// Ends one direction or both.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    /// The other end.
    fn peer_addr(&self) -> io::Result<Addr>;
    /// This end.
    fn local_addr(&self) -> io::Result<Addr>;
}

fn shutdown<T: Socket>(source: &Source<T>, how: Shutdown) -> io::Result<()> {
    ignore_not_connected(source.get_ref().shutdown(how))
}
