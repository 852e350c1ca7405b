//! What a connection holds back until it is flushed, as TLS and compression do, leaves too.

use std::io;
use std::net::Shutdown as How;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::{block_on, poll_once};
use wirework_codec::Lines;

use super::read_now;
use crate::memory::{MemoryStream, pair};
use crate::{Addr, Connection, Framed};

/// Holds back what is written until it is flushed, as TLS and compression do.
struct Corked {
    stream: MemoryStream,
    held: Vec<u8>,
}

impl Corked {
    fn pair(capacity: usize) -> (Self, MemoryStream) {
        let (stream, peer) = pair(capacity);
        let held = Vec::new();
        (Self { stream, held }, peer)
    }
}

impl AsyncRead for Corked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Corked {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while !this.held.is_empty() {
            let count = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.held))?;
            this.held.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Connection for Corked {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        false
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

#[test]
fn what_the_connection_holds_back_leaves_too() {
    block_on(async {
        let (stream, mut peer) = Corked::pair(4);
        let mut framed = Framed::new(stream, Lines::new());
        framed.send("longer than the pipe").await.unwrap();
        let mut received = Vec::new();
        while received.len() < 21 {
            assert!(poll_once(framed.next()).await.is_none());
            let bytes = read_now(&mut peer).await;
            assert!(!bytes.is_empty(), "stuck after {received:?}");
            received.extend(bytes);
        }
        assert_eq!(received, b"longer than the pipe\n");
    });
}

#[test]
fn what_was_drained_at_the_watermark_leaves_too() {
    block_on(async {
        let (stream, mut peer) = Corked::pair(64);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 1);
        framed.send("one").await.unwrap();
        // Drains the first, into what the connection holds back.
        let permit = framed.reserve().await.unwrap();
        let _ = permit;
        assert_eq!(framed.unsent(), 0);
        assert!(poll_once(framed.next()).await.is_none());
        assert_eq!(read_now(&mut peer).await, b"one\n");
    });
}
