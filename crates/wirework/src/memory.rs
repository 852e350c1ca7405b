//! Connections within the process: a bounded pair of pipes.
//!
//! For tests that need no socket, for a protocol between two parts of one program, and as the plainest example of a
//! [`Connection`]. It belongs to no runtime; each end may be used on another one.

use std::cmp::min;
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_channel::{Receiver, Sender};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

use crate::{Addr, Connection, Listener, Split};

/// How many connections may wait to be accepted.
const BACKLOG: usize = 128;

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

/// A listener, and what connects to it. Each connection is a [`pair`] of that `capacity`.
///
/// # Panics
/// Connecting panics if `capacity` is 0.
#[must_use]
pub fn listener(capacity: usize) -> (MemoryConnector, MemoryListener) {
    let (sender, incoming) = async_channel::bounded(BACKLOG);
    let connector = MemoryConnector { sender, capacity };
    (
        connector,
        MemoryListener {
            incoming: Box::pin(incoming),
        },
    )
}

/// Connects to a [`MemoryListener`]. Clones connect to the same.
#[derive(Debug, Clone)]
pub struct MemoryConnector {
    sender: Sender<MemoryStream>,
    capacity: usize,
}

impl MemoryConnector {
    /// Connects, after waiting for a place if 128 connections wait to be accepted.
    ///
    /// # Errors
    /// Fails with [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when the listener is gone.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect(&self) -> io::Result<MemoryStream> {
        let (ours, theirs) = pair(self.capacity);
        let sent = self.sender.send(theirs).await;
        sent.map_err(|_| io::Error::new(io::ErrorKind::ConnectionRefused, "the in-memory listener is gone"))?;
        Ok(ours)
    }
}

/// Accepts what a [`MemoryConnector`] connects. Without connectors it waits for ever.
#[derive(Debug)]
pub struct MemoryListener {
    incoming: Pin<Box<Receiver<MemoryStream>>>,
}

impl Listener for MemoryListener {
    type Connection = MemoryStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<MemoryStream>> {
        match self.incoming.as_mut().poll_next(cx) {
            Poll::Ready(Some(stream)) => Poll::Ready(Ok(stream)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(0))
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        // What waits to be accepted would otherwise stay open for as long as there is a connector.
        self.incoming.close();
        while self.incoming.try_recv().is_ok() {}
    }
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

/// One direction.
#[derive(Debug)]
struct Pipe {
    capacity: usize,
    state: Mutex<PipeState>,
}

#[derive(Debug, Default)]
struct PipeState {
    bytes: VecDeque<u8>,
    reader_closed: bool,
    writer_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, PipeState> {
        // No code that can panic runs while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.bytes.is_empty() {
            return poll_empty(state, cx);
        }
        let count = state.copy_to(buf);
        state.bytes.drain(..count);
        if state.bytes.is_empty() {
            // An idle connection holds no memory.
            state.bytes = VecDeque::new();
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Poll::Ready(Ok(count))
    }

    fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let state = self.state();
        if state.bytes.is_empty() {
            return poll_empty(state, cx);
        }
        Poll::Ready(Ok(state.copy_to(buf)))
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.reader_closed || state.writer_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let mut room = self.capacity - state.bytes.len();
        let wanted: usize = bufs.iter().map(|buf| buf.len()).sum();
        if wanted == 0 {
            return Poll::Ready(Ok(0)); // Nothing has come, so nobody is woken.
        }
        if room == 0 {
            let replaced = state.writer.replace(cx.waker().clone());
            // Dropping a waker may run anything, so not under the lock.
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        let count = min(room, wanted);
        for buf in bufs {
            let taken = min(room, buf.len());
            state.bytes.extend(&buf[..taken]);
            room -= taken;
        }
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok(count))
    }

    /// What was written can still be read.
    fn close_writer(&self) {
        let mut state = self.state();
        state.writer_closed = true;
        let wakers = (state.reader.take(), state.writer.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }

    /// What was written is lost.
    fn close_reader(&self) {
        let mut state = self.state();
        state.reader_closed = true;
        state.bytes = VecDeque::new();
        let wakers = (state.reader.take(), state.writer.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }
}

impl PipeState {
    fn copy_to(&self, buf: &mut [u8]) -> usize {
        let (front, back) = self.bytes.as_slices();
        let from_front = min(front.len(), buf.len());
        buf[..from_front].copy_from_slice(&front[..from_front]);
        let from_back = min(back.len(), buf.len() - from_front);
        buf[from_front..from_front + from_back].copy_from_slice(&back[..from_back]);
        from_front + from_back
    }
}

/// What reading gives when nothing is there.
fn poll_empty(mut state: MutexGuard<'_, PipeState>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if state.writer_closed || state.reader_closed {
        return Poll::Ready(Ok(0));
    }
    let replaced = state.reader.replace(cx.waker().clone());
    // As above: not under the lock.
    drop(state);
    drop(replaced);
    Poll::Pending
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

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
    fn connecting_to_a_dropped_listener_is_refused() {
        block_on(async {
            let (connector, mut listener) = listener(16);
            let (client, server) = zip(connector.connect(), listener.accept()).await;
            assert_eq!(
                client.unwrap().peer_addr().unwrap(),
                server.unwrap().peer_addr().unwrap()
            );
            drop(listener);
            assert_eq!(
                connector.connect().await.unwrap_err().kind(),
                io::ErrorKind::ConnectionRefused
            );
        });
    }

    #[test]
    fn what_was_not_accepted_ends_with_the_listener() {
        block_on(async {
            let (connector, listener) = listener(16);
            let mut client = connector.connect().await.unwrap();
            drop(listener);
            assert_eq!(poll_once(client.read(&mut [0])).await.map(Result::unwrap), Some(0));
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
