//! A connection that counts what is asked of it, and fails when told to.

use std::io::{self, IoSlice};
use std::net::Shutdown as How;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::memory::{MemoryStream, pair};
use crate::{Addr, Connection};

/// A memory stream that counts the calls it gets, and fails when told to.
#[derive(Debug)]
pub(super) struct Probe {
    stream: MemoryStream,
    calls: Arc<Calls>,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    reads: AtomicUsize,
    writes: AtomicUsize,
    pub(super) most_slices: AtomicUsize,
    pub(super) next_read: Mutex<Option<io::ErrorKind>>,
    pub(super) next_write: Mutex<Option<io::ErrorKind>>,
}

impl Probe {
    pub(super) fn pair(capacity: usize) -> (Self, Arc<Calls>, MemoryStream) {
        let (stream, peer) = pair(capacity);
        let calls = Arc::new(Calls::default());
        let probe = Self {
            stream,
            calls: Arc::clone(&calls),
        };
        (probe, calls, peer)
    }
}

impl Calls {
    pub(super) fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.swap(0, Ordering::Relaxed)
    }
}

impl AsyncRead for Probe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.calls.next_read.lock().unwrap().take() {
            return Poll::Ready(Err(kind.into()));
        }
        self.calls.reads.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Probe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.calls.next_write.lock().unwrap().take() {
            return Poll::Ready(Err(kind.into()));
        }
        self.calls.writes.fetch_add(1, Ordering::Relaxed);
        self.calls.most_slices.fetch_max(bufs.len(), Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Connection for Probe {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: How) -> io::Result<()> {
        self.stream.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.stream.peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.stream.local_addr()
    }
}
