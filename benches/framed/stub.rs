//! A connection that costs nothing: reads are filled with frames, writes are taken.

use std::hint::black_box;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{AsyncRead, AsyncWrite};
use wirework::{Addr, Connection};

/// Gives batches of frames, is pending once between two of them, and then ends.
#[derive(Debug)]
pub(crate) struct Stub {
    batch: Vec<u8>,
    at: usize,
    batches: usize,
}

impl Stub {
    /// `frames` frames of `size` bytes, `batch` at a time.
    pub(crate) fn new(size: usize, batch: usize, frames: usize) -> Self {
        let header = u32::try_from(size).unwrap().to_be_bytes();
        let frame = [&header[..], &vec![b'x'; size]].concat();
        Self {
            batch: frame.repeat(batch),
            at: 0,
            batches: frames / batch,
        }
    }

    pub(crate) fn batch(&self) -> &[u8] {
        &self.batch
    }
}

impl AsyncRead for Stub {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.batches == 0 {
            return Poll::Ready(Ok(0));
        }
        let rest = &self.batch[self.at..];
        if rest.is_empty() {
            self.at = 0;
            self.batches -= 1;
            return Poll::Pending;
        }
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Stub {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(buf).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connection for Stub {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_peek(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn is_write_vectored(&self) -> bool {
        false
    }

    fn shutdown(&self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(0))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(0))
    }
}
