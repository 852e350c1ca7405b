//! A connection whose bytes are counted, for the deadlines of a server.
//!
//! What a server hands to a handler of raw connections. A framed conversation counts for itself, because it knows
//! which bytes make a frame.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::record::Record;
use crate::{Addr, Connection, Split};

/// A connection, or half of one, that tells the server what it moves and what it waits for.
///
/// What [`Server::serve`](crate::Server::serve) gives to its handler.
#[derive(Debug)]
pub struct Watched<C> {
    inner: C,
    record: Arc<Record>,
}

impl<C> Watched<C> {
    pub(crate) fn new(inner: C, record: Arc<Record>) -> Self {
        Self { inner, record }
    }

    /// What is watched.
    pub fn get_ref(&self) -> &C {
        &self.inner
    }

    /// What is watched. Bytes that pass here are not counted.
    pub fn get_mut(&mut self) -> &mut C {
        &mut self.inner
    }

    /// What is watched, from now on not watched any more: it counts as idle from when it last was.
    pub fn into_inner(self) -> C {
        self.inner
    }

    fn note_read(&self, cx: &Context<'_>, read: &Poll<io::Result<usize>>) {
        if self.record.is_framed() {
            return;
        }
        match read {
            Poll::Pending => self.record.waits(self.record.read(), 0, cx),
            Poll::Ready(Ok(count)) => self.record.has_read(*count),
            Poll::Ready(Err(_)) => {}
        }
    }

    fn note_write(&self, cx: &Context<'_>, wanted: usize, written: &Poll<io::Result<usize>>) {
        if self.record.is_framed() {
            return;
        }
        match written {
            Poll::Pending => self.record.stalls(wanted, cx),
            Poll::Ready(Ok(count)) => {
                self.record.has_written(*count);
                self.record.flows();
            }
            Poll::Ready(Err(_)) => {}
        }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Watched<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.note_read(cx, &read);
        read
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Watched<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.note_write(cx, buf.len(), &written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.note_write(cx, bufs.iter().map(|buf| buf.len()).sum(), &written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<C: Connection> Connection for Watched<C> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ready = self.inner.poll_readable(cx);
        if ready.is_pending() {
            self.note_read(cx, &Poll::Pending);
        }
        ready
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let peeked = self.inner.poll_peek(cx, buf);
        if peeked.is_pending() {
            self.note_read(cx, &Poll::Pending);
        }
        peeked
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.inner.peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.inner.local_addr()
    }
}

impl<C: Split> Split for Watched<C> {
    type ReadHalf = Watched<C::ReadHalf>;
    type WriteHalf = Watched<C::WriteHalf>;

    fn split(self) -> (Self::ReadHalf, Self::WriteHalf) {
        let (read, write) = self.inner.split();
        let record = Arc::clone(&self.record);
        (Watched::new(read, record), Watched::new(write, self.record))
    }
}
