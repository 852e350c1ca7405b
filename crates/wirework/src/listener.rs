//! Where connections come from.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use crate::{Addr, Connection};

/// Accepts connections.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a listener of wirework",
    label = "not a `Listener`",
    note = "listeners come from a network, `network.listen_tcp(addr)`, and in tests from `memory::listener`"
)]
pub trait Listener: Send + Unpin + 'static {
    /// What it accepts.
    type Connection: Connection;

    /// Waits for the next connection.
    ///
    /// # Errors
    /// An error belongs to one connection or to the process (`EMFILE`); the listener stays usable, and it is the caller's
    /// choice to go on. See [`Server`](crate::Server), which backs off.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;

    /// Where it listens; with the real port when port 0 was asked for.
    ///
    /// # Errors
    /// Those of the system.
    fn local_addr(&self) -> io::Result<Addr>;

    /// Waits for the next connection, as a future.
    ///
    /// # Errors
    /// As [`poll_accept`](Self::poll_accept).
    ///
    /// # Cancel safety
    /// Dropping the future loses no connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Connection>> + Send
    where
        Self: Sized,
    {
        poll_fn(|cx| self.poll_accept(cx))
    }
}
