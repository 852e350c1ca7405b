//! Logs the bytes of connections, in hex and as text: for seeing what two programs really say to each other.

mod dump;

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Poller, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use self::dump::Dump;
use crate::{Addr, Connection, Context, RateLimiter, Runtime, Split, Upgrade};

/// The most bytes of one read or write that are shown, unless set otherwise.
const MAX_BYTES: usize = 256;

/// The most bytes that are shown each second, unless set otherwise.
const BYTES_PER_SECOND: u64 = 64 * 1024;

/// Logs what connections read and write, as `tracing` events of the level `TRACE` with the target `wirework::wire`.
///
/// Nothing is logged unless a connection is given to it, and the program's subscriber wants such events. Where it does not,
/// each read and write costs one check. Both the bytes of an event and those of a second are bounded, over all connections
/// together; what is left out is said.
///
/// What peers send to each other is in the log then, passwords and all.
///
/// | | default | set with |
/// |---|---|---|
/// | bytes shown of one read or write | 256 | [`max_bytes`](Self::max_bytes) |
/// | bytes shown each second | 64 KiB | [`bytes_per_second`](Self::bytes_per_second) |
///
/// It is an [`Upgrade`], so its place among others says which bytes it sees: before TLS, those on the wire, behind it what they
/// mean. A client's connection is [wrapped](Self::wrap).
///
/// ```
/// # use std::io;
/// use wirework::codec::Lines;
/// use wirework::{Listeners, Network, RunningServer, Server, WireLog};
///
/// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
///     let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
///     Ok(Server::new(network).serve_service(listener.upgrade(WireLog::new(network)), Lines::new(), shout))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct WireLog {
    clock: Context,
    max_bytes: usize,
    limit: RateLimiter<Context>,
    left_out: Arc<AtomicU64>,
}

impl WireLog {
    /// A log with the default bounds.
    pub fn new<R: Runtime>(runtime: &R) -> Self {
        let clock = Context::new(runtime, Addr::Unix(None));
        Self {
            limit: RateLimiter::new(&clock, BYTES_PER_SECOND, BYTES_PER_SECOND),
            clock,
            max_bytes: MAX_BYTES,
            left_out: Arc::default(),
        }
    }

    /// Sets how many bytes are shown of one read or write; 256 unless set.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many bytes are shown each second, of all connections together; 65,536 unless set. A read or write that would
    /// show more is left out, and counted in the next event.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub fn bytes_per_second(mut self, bytes: u32) -> Self {
        assert!(bytes > 0, "bytes_per_second must be at least 1 byte");
        self.limit = RateLimiter::new(&self.clock, bytes.into(), bytes.into());
        self
    }

    /// Logs what `connection` reads and writes from now on.
    pub fn wrap<C>(&self, connection: C) -> WireLogged<C> {
        WireLogged {
            inner: connection,
            log: self.clone(),
        }
    }

    fn is_on() -> bool {
        tracing::enabled!(target: "wirework::wire", tracing::Level::TRACE)
    }

    /// Logs the first `count` bytes of `bufs`.
    fn moved<'a>(&self, what: &str, count: usize, bufs: impl Iterator<Item = &'a [u8]>) {
        let mut left = count.min(self.max_bytes);
        let mut shown = Vec::with_capacity(left);
        for buf in bufs {
            let part = &buf[..left.min(buf.len())];
            shown.extend_from_slice(part);
            left -= part.len();
        }
        if self.limit.try_take(shown.len() as u64).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        let left_out = (left_out > 0).then_some(left_out);
        tracing::trace!(target: "wirework::wire", bytes = count, left_out, "{what}{}", Dump::new(&shown, count));
    }

    fn noted(&self, what: &str, error: Option<&io::Error>) {
        // As large as a line of the log.
        if self.limit.try_take(80).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tracing::trace!(target: "wirework::wire", error = error.map(tracing::field::display), "{what}");
    }
}

impl<C: Connection> Upgrade<C> for WireLog {
    type Connection = WireLogged<C>;
    type Error = std::convert::Infallible;

    async fn upgrade(&self, connection: C, _: Context) -> Result<WireLogged<C>, Self::Error> {
        Ok(self.wrap(connection))
    }
}

/// A connection, or half of one, whose bytes are logged; from [`WireLog`].
#[derive(Debug)]
pub struct WireLogged<C> {
    inner: C,
    log: WireLog,
}

impl<C> WireLogged<C> {
    /// What is logged.
    pub fn get_ref(&self) -> &C {
        &self.inner
    }

    /// What was logged, from now on not any more.
    pub fn into_inner(self) -> C {
        self.inner
    }

    fn note_write<'a>(&self, written: &Poll<io::Result<usize>>, bufs: impl Iterator<Item = &'a [u8]>) {
        match written {
            Poll::Ready(Ok(count)) if WireLog::is_on() => self.log.moved("sent", *count, bufs),
            Poll::Ready(Err(error)) if WireLog::is_on() => self.log.noted("sending failed", Some(error)),
            _ => {}
        }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for WireLogged<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Poller<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        match &read {
            Poll::Ready(Ok(0)) if !buf.is_empty() && WireLog::is_on() => self.log.noted("received the end", None),
            Poll::Ready(Ok(count)) if WireLog::is_on() => self.log.moved("received", *count, [&buf[..]].into_iter()),
            Poll::Ready(Err(error)) if WireLog::is_on() => self.log.noted("receiving failed", Some(error)),
            _ => {}
        }
        read
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for WireLogged<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Poller<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.note_write(&written, [buf].into_iter());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Poller<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.note_write(&written, bufs.iter().map(|buf| &**buf));
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.inner).poll_close(cx);
        if let Poll::Ready(closed) = &closed
            && WireLog::is_on()
        {
            self.log.noted("sent the end", closed.as_ref().err());
        }
        closed
    }
}

impl<C: Connection> Connection for WireLogged<C> {
    fn poll_readable(&mut self, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Poller<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_peek(cx, buf)
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

impl<C: Split> Split for WireLogged<C> {
    type ReadHalf = WireLogged<C::ReadHalf>;
    type WriteHalf = WireLogged<C::WriteHalf>;

    fn split(self) -> (Self::ReadHalf, Self::WriteHalf) {
        let (read, write) = self.inner.split();
        (self.log.wrap(read), self.log.wrap(write))
    }
}
