//! A connection with bytes in front of what it still has to read.
//!
//! Whoever reads a connection to see what it is reads too much of it; so what was read goes on with it.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wirework_codec::bytes::{Buf, Bytes};

use crate::{Addr, Connection, Split};

/// A connection, or its reading half, that gives some bytes before those that it reads.
///
/// For bytes that were [read ahead](crate::FramedParts::read_ahead) when a protocol takes over from another one.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use wirework::{Prepended, memory};
/// # futures_lite::future::block_on(async {
/// let (mut client, server) = memory::pair(64);
/// client.write_all(b" world").await?;
/// client.close().await?;
///
/// let mut text = String::new();
/// Prepended::new("hello", server).read_to_string(&mut text).await?;
/// assert_eq!(text, "hello world");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Prepended<C> {
    ahead: Bytes,
    inner: C,
}

impl<C> Prepended<C> {
    /// Puts `ahead` in front of what `connection` reads.
    pub fn new(ahead: impl Into<Bytes>, connection: C) -> Self {
        Self {
            ahead: ahead.into(),
            inner: connection,
        }
    }

    /// What is behind it.
    pub fn get_ref(&self) -> &C {
        &self.inner
    }

    /// How many of the bytes in front are left.
    pub fn ahead(&self) -> usize {
        self.ahead.len()
    }

    /// The bytes in front that are left, and what is behind them.
    pub fn into_parts(self) -> (Bytes, C) {
        (self.ahead, self.inner)
    }

    fn copy_ahead(&self, buf: &mut [u8]) -> usize {
        let count = self.ahead.len().min(buf.len());
        buf[..count].copy_from_slice(&self.ahead[..count]);
        count
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Prepended<C> {
    #[inline]
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let count = self.copy_ahead(buf);
        self.ahead.advance(count);
        if self.ahead.is_empty() {
            // An idle connection holds no memory.
            self.ahead = Bytes::new();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read_vectored(cx, bufs);
        }
        match bufs.iter_mut().find(|buf| !buf.is_empty()) {
            Some(buf) => self.poll_read(cx, buf),
            None => Poll::Ready(Ok(0)),
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Prepended<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<C: Connection> Connection for Prepended<C> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return self.inner.poll_readable(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.ahead.is_empty() {
            return self.inner.poll_peek(cx, buf);
        }
        Poll::Ready(Ok(self.copy_ahead(buf)))
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

impl<C: Split> Split for Prepended<C> {
    type ReadHalf = Prepended<C::ReadHalf>;
    type WriteHalf = C::WriteHalf;

    fn split(self) -> (Self::ReadHalf, Self::WriteHalf) {
        let (read, write) = self.inner.split();
        (Prepended::new(self.ahead, read), write)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_lite::future::block_on;
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::memory;

    #[test]
    fn what_is_in_front_comes_first_and_peeking_takes_nothing() {
        block_on(async {
            let (near, mut far) = memory::pair(16);
            far.write_all(b"cd").await.unwrap();
            let mut both = Prepended::new("ab", near);
            let mut buf = [0; 1];
            poll_fn(|cx| both.poll_readable(cx)).await.unwrap();
            assert_eq!(poll_fn(|cx| both.poll_peek(cx, &mut buf)).await.unwrap(), 1);
            for expected in *b"abc" {
                both.read_exact(&mut buf).await.unwrap();
                assert_eq!(buf[0], expected);
            }
            assert_eq!(both.ahead(), 0);
            assert_eq!(poll_fn(|cx| both.poll_peek(cx, &mut buf)).await.unwrap(), 1);
            assert_eq!(&buf, b"d");
            both.write_all(b"reply").await.unwrap();
            let mut reply = [0; 5];
            far.read_exact(&mut reply).await.unwrap();
            assert_eq!(&reply, b"reply");
        });
    }

    #[test]
    fn the_reading_half_has_what_is_in_front() {
        block_on(async {
            let (near, mut far) = memory::pair(16);
            let (mut read, mut write) = Prepended::new("a", near).split();
            far.write_all(b"b").await.unwrap();
            let mut buf = [0; 2];
            read.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"ab");
            write.close().await.unwrap();
            assert_eq!(far.read(&mut buf).await.unwrap(), 0);
        });
    }
}
