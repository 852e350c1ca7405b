//! Steps between accepting a connection and serving it: a PROXY header, TLS, whatever has to be said first.

mod chain;
mod proxied;
mod proxy_protocol;

use std::convert::Infallible;
use std::error::Error;
use std::future::ready;

pub use self::chain::{AsAccepted, Then, Upgraded};
pub use self::proxied::Proxied;
pub use self::proxy_protocol::{ProxyProtocol, Untrusted};
use crate::{Addr, Connection, Context};

/// Makes of an accepted connection the one that is served.
///
/// It runs in the connection's own task, so one that takes long keeps nobody waiting, and under the
/// [handshake deadline](crate::Deadlines::handshake). Given to a listener by [`Listeners::upgrade`](crate::Listeners::upgrade),
/// any number of them one after the other.
///
/// Implemented for functions and closures `Fn(connection, Context) -> impl Future<Output = Result<connection, E>>`.
///
/// What it learns of the peer, it can leave for the handler by [`Context::attach`].
///
/// ```
/// # use std::io;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use wirework::codec::Lines;
/// use wirework::{Connection, Context, Listeners, Network, RunningServer, Server};
///
/// /// Lets in who knows the word.
/// async fn password<C: Connection>(mut connection: C, _: Context) -> io::Result<C> {
///     connection.write_all(b"?").await?;
///     let mut word = [0; 6];
///     connection.read_exact(&mut word).await?;
///     if &word != b"sesame" {
///         return Err(io::ErrorKind::PermissionDenied.into());
///     }
///     Ok(connection)
/// }
///
/// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
///     let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
///     Ok(Server::new(network).serve_service(listener.upgrade(password), Lines::new(), shout))
/// }
/// ```
pub trait Upgrade<C>: Send + Sync + 'static {
    /// What is served.
    type Connection: Connection;
    /// Why there is nothing to serve.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// What to make of a peer, by its address alone: before a byte is read, and before the connection has a task.
    fn admit(&self, peer: &Addr) -> Admission {
        let _ = peer;
        Admission::Client
    }

    /// Upgrades a connection. An error ends it, and is logged.
    ///
    /// # Cancel safety
    /// The future is dropped with the connection when the handshake deadline has passed or the server does not wait any more.
    fn upgrade(&self, connection: C, cx: Context)
    -> impl Future<Output = Result<Self::Connection, Self::Error>> + Send;
}

/// What a peer is, as far as its address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is the client: its connections count as its own.
    Client,
    /// It connects for others. Who the client is, and counts, is what the upgraded connection gives as its
    /// [peer](Connection::peer_addr).
    Proxy,
    /// It is not let in, for this reason.
    Refused(&'static str),
}

impl Admission {
    /// What both together come to.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Refused(_) => self,
            Self::Client => other(),
            Self::Proxy => match other() {
                Self::Client => Self::Proxy,
                other => other,
            },
        }
    }
}

impl<C, F, Fut, U, E> Upgrade<C> for F
where
    F: Fn(C, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<U, E>> + Send,
    U: Connection,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Connection = U;
    type Error = E;

    fn upgrade(&self, connection: C, cx: Context) -> impl Future<Output = Result<U, E>> + Send {
        self(connection, cx)
    }
}

impl<C: Connection> Upgrade<C> for AsAccepted {
    type Connection = C;
    type Error = Infallible;

    fn upgrade(&self, connection: C, _: Context) -> impl Future<Output = Result<C, Infallible>> + Send {
        ready(Ok(connection))
    }
}
