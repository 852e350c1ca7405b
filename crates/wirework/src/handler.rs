//! What a server does with a connection.

use std::error::Error;

use crate::Context;

/// Handles one connection after another, each in its own task.
///
/// Implemented for functions and closures `Fn(connection, Context) -> impl Future<Output = Result<(), E>>`. `C` is what is
/// handled: a [`Connection`](crate::Connection), or a [`Framed`](crate::Framed) one.
///
/// The connection closes when the future ends, or when it is dropped where it waits: because the server was told to stop and the
/// drain deadline has passed, because the peer has missed a [deadline](crate::Deadlines), or because
/// [`ServerHandle::close`](crate::ServerHandle::close) was called. An error ends this connection alone. It is logged at debug
/// level, since on an open port such errors are an everyday matter, and counted as [`failed`](crate::Report::failed).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{C}`",
    label = "not a handler",
    note = "a handler is an `async fn({C}, Context) -> Result<(), Error>` whose future is `Send`, \
            or implements `Handler`"
)]
pub trait Handler<C>: Send + Sync + 'static {
    /// Why a connection ended early.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Handles a connection to its end.
    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<C, F, Fut, E> Handler<C> for F
where
    F: Fn(C, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Error = E;

    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), E>> + Send {
        self(connection, cx)
    }
}
