//! Connections within the process: a bounded pair of pipes.
//!
//! For tests that need no socket, for a protocol between two parts of one program, and as the plainest example of a
//! [`Connection`]. It belongs to no runtime; each end may be used on another one.

mod listening;
mod pipe;

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

pub use self::listening::{MemoryConnector, MemoryListener, listener};
use self::pipe::Pipe;
use crate::{Addr, Connection, Split};

/// Two connected ends. Each direction holds at most `capacity` bytes: a writer to an end that does not read has to wait.
///
/// An end that is dropped or shut down gives the other the end of the stream when it reads and
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe) when it writes.
///
/// # Panics
/// Panics if `capacity` is 0.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// # futures_lite::future::block_on(async {
/// let (mut a, mut b) = wirework::memory::pair(16);
/// a.write_all(b"ping").await?;
/// let mut buf = [0; 4];
/// b.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"ping");
/// # Ok::<(), std::io::Error>(()) }).unwrap();
/// ```
#[must_use]
pub fn pair(capacity: usize) -> (MemoryStream, MemoryStream) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    assert!(capacity > 0, "the capacity must be at least 1 byte");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (left, right) = (Pipe::new(capacity), Pipe::new(capacity));
    let stream = |incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>| {
        let end = Arc::new(End {
            incoming: Arc::clone(incoming),
            outgoing: Arc::clone(outgoing),
        });
        MemoryStream {
            number,
            reader: MemoryReadHalf(Arc::clone(&end)),
            writer: MemoryWriteHalf(end),
        }
    };
    (stream(&left, &right), stream(&right, &left))
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct MemoryStream {
    number: u64,
    reader: MemoryReadHalf,
    writer: MemoryWriteHalf,
}

impl AsyncRead for MemoryStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_close(cx)
    }
}

impl Connection for MemoryStream {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.reader
            .0
            .incoming
            .poll_peek(cx, &mut [])
            .map(|peeked| peeked.map(drop))
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reader.0.incoming.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if matches!(how, Shutdown::Read | Shutdown::Both) {
            self.reader.0.incoming.close_reader();
        }
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            self.writer.0.outgoing.close_writer();
        }
        Ok(())
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(self.number))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(self.number))
    }
}

impl Split for MemoryStream {
    type ReadHalf = MemoryReadHalf;
    type WriteHalf = MemoryWriteHalf;

    fn split(self) -> (MemoryReadHalf, MemoryWriteHalf) {
        (self.reader, self.writer)
    }
}

/// One end of a [`pair`], shared by its two halves: only when both are gone will nobody read any more.
#[derive(Debug)]
struct End {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.incoming.close_reader();
    }
}

/// The reading direction of a [`MemoryStream`]. Dropping it tells the peer nothing.
#[derive(Debug)]
pub struct MemoryReadHalf(Arc<End>);

impl AsyncRead for MemoryReadHalf {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.0.incoming.poll_read(cx, buf)
    }
}

/// The writing direction of a [`MemoryStream`]. Dropping it sends the end of the stream.
#[derive(Debug)]
pub struct MemoryWriteHalf(Arc<End>);

impl AsyncWrite for MemoryWriteHalf {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.outgoing.poll_write(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.outgoing.poll_write(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.outgoing.close_writer();
        Poll::Ready(Ok(()))
    }
}

impl Drop for MemoryWriteHalf {
    fn drop(&mut self) {
        self.0.outgoing.close_writer();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::task::Waker;

    use futures_lite::future::{block_on, or, poll_once, zip};
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn a_writer_waits_for_its_reader() {
        block_on(async {
            let (mut a, mut b) = pair(3);
            assert_eq!(a.write(b"hello").await.unwrap(), 3);
            assert!(poll_once(a.write(b"lo")).await.is_none());
            let mut buf = [0; 2];
            assert_eq!(b.read(&mut buf).await.unwrap(), 2);
            assert_eq!(a.write(b"lo").await.unwrap(), 2);
        });
    }

    #[test]
    fn large_data_passes_a_one_byte_pipe() {
        block_on(async {
            let (mut a, mut b) = pair(1);
            let sent: Vec<u8> = (0..1000).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let write = async {
                a.write_all(&sent).await.unwrap();
                a.close().await.unwrap();
            };
            let mut received = Vec::new();
            let read = async { b.read_to_end(&mut received).await.unwrap() };
            zip(write, read).await;
            assert_eq!(received, sent);
        });
    }

    #[test]
    fn closing_is_half_closing() {
        block_on(async {
            let (mut a, mut b) = pair(16);
            a.write_all(b"last").await.unwrap();
            a.close().await.unwrap();
            a.close().await.unwrap();
            assert_eq!(a.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let mut received = String::new();
            b.read_to_string(&mut received).await.unwrap();
            assert_eq!(received, "last");
            b.write_all(b"reply").await.unwrap();
            drop(b);
            received.clear();
            a.read_to_string(&mut received).await.unwrap();
            assert_eq!(received, "reply");
        });
    }

    #[test]
    fn a_waiting_end_learns_that_the_other_is_gone() {
        block_on(async {
            let (mut a, b) = pair(16);
            let gone = async {
                drop(b);
                std::future::pending::<()>().await;
            };
            or(async { assert_eq!(a.read(&mut [0]).await.unwrap(), 0) }, gone).await;
            assert_eq!(a.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        });
    }

    #[test]
    fn peeking_consumes_nothing() {
        block_on(async {
            let (mut a, mut b) = pair(16);
            assert!(poll_once(poll_fn(|cx| b.poll_readable(cx))).await.is_none());
            a.write_all(b"abc").await.unwrap();
            poll_fn(|cx| b.poll_readable(cx)).await.unwrap();
            let mut buf = [0; 2];
            assert_eq!(poll_fn(|cx| b.poll_peek(cx, &mut buf)).await.unwrap(), 2);
            let mut all = [0; 3];
            b.read_exact(&mut all).await.unwrap();
            assert_eq!((&buf, &all), (b"ab", b"abc"));
        });
    }

    #[test]
    fn dropping_the_read_half_tells_the_peer_nothing() {
        block_on(async {
            let (a, mut b) = pair(4);
            let (reader, mut writer) = a.split();
            drop(reader);
            assert_eq!(b.write(b"ignored").await.unwrap(), 4);
            writer.write_all(b"on").await.unwrap();
            let mut buf = [0; 2];
            b.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"on");
            // Both gone: now nobody will ever read.
            let waiting = b.write(b"more");
            let gone = async {
                drop(writer);
                std::future::pending::<()>().await;
            };
            or(
                async { assert_eq!(waiting.await.unwrap_err().kind(), io::ErrorKind::BrokenPipe) },
                gone,
            )
            .await;
        });
    }

    #[test]
    fn a_waker_may_own_an_end() {
        struct Owner(#[expect(dead_code, reason = "held to be dropped")] Mutex<Option<MemoryStream>>);
        impl std::task::Wake for Owner {
            fn wake(self: Arc<Self>) {}
        }
        let (mut a, b) = pair(1);
        let owner = Waker::from(Arc::new(Owner(Mutex::new(Some(b)))));
        let mut buf = [0];
        assert!(
            Pin::new(&mut a)
                .poll_read(&mut Context::from_waker(&owner), &mut buf)
                .is_pending()
        );
        drop(owner);
        // The waker that is replaced takes the other end with it, which closes this one.
        let mut noop = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut a).poll_read(&mut noop, &mut buf).is_pending());
        assert!(matches!(
            Pin::new(&mut a).poll_read(&mut noop, &mut buf),
            Poll::Ready(Ok(0))
        ));
    }
}
