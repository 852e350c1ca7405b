//! Accepts connections and runs a handler for each of them.
//!
//! What a handler should not have to think of is here: a bound on connections, accept errors, panics, and an orderly end.

mod accept;
mod report;
mod running;
mod tally;

use std::sync::Arc;
use std::time::Duration;

pub use self::report::Report;
pub use self::running::RunningServer;
use self::tally::Tally;
use crate::context::ContextSource;
use crate::{Connection, Context, Framed, Handler, Listener, Runtime, Shutdown};

/// The most connections at a time, unless set otherwise.
const MAX_CONNECTIONS: usize = 10_000;

/// How long connections may take to finish after a shutdown has begun, unless set otherwise.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// Serves connections on a runtime.
///
/// There are two doors for a protocol: the raw connection ([`serve`](Self::serve)) and the framed conversation
/// ([`serve_framed`](Self::serve_framed)).
///
/// | | default | set with |
/// |---|---|---|
/// | connections at a time | 10,000 | [`max_connections`](Self::max_connections) |
/// | time to finish after a shutdown has begun | 30 s | [`drain_deadline`](Self::drain_deadline) |
///
/// A handler that panics or fails ends its own connection and is logged; the others do not notice.
///
/// ```
/// use std::io;
/// use wirework::{Connection, Context, Framed, Network, RunningServer, Server, codec::Lines};
///
/// async fn echo<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> io::Result<()> {
///     while let Some(line) = framed.next().await? {
///         framed.send(line).await?;
///     }
///     Ok(())
/// }
///
/// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
///     Ok(Server::new(network).serve_framed(listener, Lines::new(), echo))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Server<R> {
    runtime: R,
    max_connections: usize,
    drain_deadline: Duration,
}

impl<R: Runtime> Server<R> {
    /// A server with the default limits.
    pub fn new(runtime: &R) -> Self {
        Self {
            runtime: runtime.clone(),
            max_connections: MAX_CONNECTIONS,
            drain_deadline: DRAIN_DEADLINE,
        }
    }

    /// Sets how many connections are served at a time; 10,000 unless set. Further ones wait in the listener's backlog
    /// until one has ended.
    ///
    /// # Panics
    /// Panics if `connections` is 0.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        assert!(connections > 0, "max_connections must be at least 1");
        self.max_connections = connections;
        self
    }

    /// Sets how long connections may take to finish after a shutdown has begun; 30 seconds unless set. Those that have not
    /// by then are cut.
    #[must_use]
    pub fn drain_deadline(mut self, duration: Duration) -> Self {
        self.drain_deadline = duration;
        self
    }

    /// Serves raw connections.
    pub fn serve<L, H>(self, listener: L, handler: H) -> RunningServer
    where
        L: Listener,
        H: Handler<L::Connection>,
    {
        let local_addr = listener.local_addr();
        let tally = Arc::new(Tally::default());
        let (drain, abort) = (Shutdown::new(), Shutdown::new());
        let acceptor = accept::Acceptor {
            contexts: ContextSource::new(&self.runtime, drain.clone()),
            runtime: self.runtime.clone(),
            listener,
            handler: Arc::new(handler),
            max_connections: self.max_connections,
            tally: Arc::clone(&tally),
            drain: drain.clone(),
            abort: abort.clone(),
        };
        let accepting = acceptor.spawn();
        RunningServer::new(
            &self.runtime,
            local_addr,
            self.drain_deadline,
            tally,
            drain,
            abort,
            accepting,
        )
    }

    /// Serves framed conversations, each with a copy of `codec`.
    ///
    /// Once a shutdown has begun, a handler's [`next`](Framed::next) returns `None` as soon as all frames that have come are
    /// handed out, so the plain loop ends by itself after its last reply.
    pub fn serve_framed<L, D, H>(self, listener: L, codec: D, handler: H) -> RunningServer
    where
        L: Listener,
        D: Clone + Send + Sync + 'static,
        H: Handler<Framed<L::Connection, D>>,
    {
        self.serve(listener, FramedDoor { codec, handler })
    }
}

/// Frames each connection before it is handled.
struct FramedDoor<D, H> {
    codec: D,
    handler: H,
}

impl<C, D, H> Handler<C> for FramedDoor<D, H>
where
    C: Connection,
    D: Clone + Send + Sync + 'static,
    H: Handler<Framed<C, D>>,
{
    type Error = H::Error;

    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), H::Error>> + Send {
        let framed = Framed::new(connection, self.codec.clone()).until(cx.shutdown());
        self.handler.handle(framed, cx)
    }
}
