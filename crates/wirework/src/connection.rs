//! A two-way byte stream: what a protocol reads from and writes to.
//!
//! Poll-based and object-safe, so that an operation costs neither a box nor a self-borrowing future, and dropping
//! a pending operation never loses a byte.

use std::io;
use std::net::Shutdown;

use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::Addr;

/// A connected, ordered, reliable two-way byte stream: TCP, a Unix socket, an in-memory pair, or a wrapper of one.
///
/// # Contract
/// Every implementation meets these; the conformance suite of `wirework-testkit` checks each of them.
/// - **Reading**: `poll_read` gives 0 only at the end of the stream or for an empty buffer. A reset is an error
///   ([`ConnectionReset`](io::ErrorKind::ConnectionReset)), never an end.
/// - **Writing**: `poll_write` takes at least one byte or is pending; `poll_write_vectored` gathers all the slices where
///   [`is_write_vectored`](Self::is_write_vectored) says so.
/// - **Closing**: `poll_close` flushes, then sends the end of the stream (FIN). It is idempotent, succeeds on a connection
///   that the peer has already taken down, and leaves the read side open.
/// - **Waking**: each direction holds one waker, that of the last poll. Two tasks that poll the same direction take turns
///   in losing it; they never wake one another in a loop.
/// - **Dropping** closes both directions without waiting. Bytes that were accepted by `poll_write` are still sent.
///
/// # Cancel safety
/// All operations are polls: what was not [`Ready`](Poll::Ready) has not happened.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection of wirework",
    label = "not a `Connection`",
    note = "connections come from a network, `connect(&network, \"host:port\")` or `network.connect_tcp(addr)`, \
            and in tests from `memory::pair`",
    note = "runtimes of your own, and wrappers, implement `Connection`"
)]
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Waits until a read would not block: data, the end of the stream, or an error is there.
    ///
    /// It is a hint that may come too soon, never too late: right after a read that filled its buffer it may be ready with
    /// nothing there. The read that follows is then pending, so nobody spins. It consumes nothing, not even an error.
    ///
    /// # Errors
    /// Fails when the runtime cannot watch the connection.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads without consuming: the same bytes are given to the next read. 0 means the end of the stream.
    ///
    /// It waits for at least one byte, not for more than are already there: peeking again while
    /// nothing new has come gives the same bytes at once, so a caller that needs more must wait by reading.
    ///
    /// # Errors
    /// As `poll_read`; [`Unsupported`](io::ErrorKind::Unsupported) from a wrapper that cannot look ahead.
    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Whether `poll_write_vectored` really gathers its slices, rather than writing the first of them.
    fn is_write_vectored(&self) -> bool;

    /// Shuts down one or both directions at once, without flushing what a wrapper still buffers.
    ///
    /// # Errors
    /// Those of the system, except that a connection which is no longer connected counts as shut down.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// The address of the other end.
    ///
    /// # Errors
    /// Those of the system: [`NotConnected`](io::ErrorKind::NotConnected) after the peer reset the connection.
    fn peer_addr(&self) -> io::Result<Addr>;

    /// The address of this end.
    ///
    /// # Errors
    /// Those of the system.
    fn local_addr(&self) -> io::Result<Addr>;
}

/// A connection whose directions can be owned by two tasks, without a lock between them.
///
/// Dropping the write half sends the end of the stream, as `close` does; dropping the read half tells the peer nothing.
/// The connection is gone when both are.
pub trait Split: Connection {
    /// The reading direction.
    type ReadHalf: AsyncRead + Send + Unpin + 'static;
    /// The writing direction.
    type WriteHalf: AsyncWrite + Send + Unpin + 'static;

    /// Takes the connection apart.
    fn split(self) -> (Self::ReadHalf, Self::WriteHalf);
}

impl<C: Connection + ?Sized> Connection for Box<C> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        (**self).is_write_vectored()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        (**self).shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        (**self).peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        (**self).local_addr()
    }
}

/// Takes an error that says "no longer connected" for success: what a shutdown or close of a dead connection wants.
///
/// # Errors
/// Any other error is passed on.
pub fn ignore_not_connected(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use super::*;

    #[test]
    fn is_object_safe() {
        fn takes(_: Option<Box<dyn Connection>>) {}
        fn polls(connection: &mut Box<dyn Connection>, cx: &mut Context<'_>) {
            drop(Pin::new(connection).poll_close(cx));
        }
        takes(None);
        let _ = polls;
    }
}
