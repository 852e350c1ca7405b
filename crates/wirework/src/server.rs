//! Accepts connections and runs a handler for each of them.
//!
//! What a handler should not have to think of is here: a bound on connections, accept errors, panics, and an orderly end.

mod accept;
mod alarms;
mod clients;
mod config_error;
mod conversation;
mod deadline;
mod deadlines;
mod door;
mod doors;
mod filter;
mod frame_limits;
mod handle;
mod in_flight;
mod listeners;
mod live;
mod report;
mod running;
mod serve;
mod serving;
mod session;
mod shared;
mod tally;
mod watch;

use std::borrow::Cow;
use std::time::Duration;

use self::clients::ClientLimit;
pub use self::config_error::ConfigError;
use self::conversation::Pace;
pub use self::deadline::Deadline;
pub use self::deadlines::Deadlines;
pub use self::door::{BorrowingDoor, FramedDoor, RawDoor, ServiceDoor, SessionDoor};
pub use self::doors::{AndDoor, Choice, DoorList, Doors, NoDoor};
use self::filter::Gate;
pub use self::filter::{Filter, Refusal};
pub use self::frame_limits::FrameLimits;
pub use self::handle::{ConnectionStatus, ServerHandle};
pub use self::listeners::Listeners;
pub use self::report::Report;
pub use self::running::RunningServer;
pub use self::session::{Session, TryPushError};
use crate::Runtime;
#[cfg(doc)]
use crate::Service;

/// The most connections at a time, unless set otherwise.
const MAX_CONNECTIONS: usize = 10_000;

/// The most of them from one client, unless set otherwise.
const MAX_PER_CLIENT: usize = 1_000;

/// What the protocol is called, unless set otherwise.
const PROTOCOL: &str = "unnamed";

/// How long connections may take to finish after a shutdown has begun, unless set otherwise.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// The order in which the replies of one connection leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// That of the requests.
    InOrder,
    /// As they come: for protocols in which a reply says which request it is for.
    AsReady,
}

/// What to do with a connection for which there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Let it wait until there is one.
    Wait,
    /// Close it.
    Refuse,
}

/// Serves connections on a runtime.
///
/// There are three doors for a protocol: the raw connection ([`serve`](Self::serve)), the framed conversation
/// ([`serve_framed`](Self::serve_framed)), and requests and replies ([`serve_service`](Self::serve_service),
/// [`serve_sessions`](Self::serve_sessions)). [`serve_doors`](Self::serve_doors) is for several protocols at once.
///
/// | | default | set with |
/// |---|---|---|
/// | connections at a time | 10,000 | [`max_connections`](Self::max_connections) |
/// | …and for further ones | wait | [`when_full`](Self::when_full) |
/// | connections per client | 1,000; not for loopback | [`max_per_client`](Self::max_per_client) |
/// | …and for further ones | refuse | [`when_client_full`](Self::when_client_full) |
/// | who is one client | an IPv4 address, an IPv6 /64 | [`client_prefix`](Self::client_prefix) |
/// | who is let in at all | everybody | [`filter`](Self::filter) |
/// | what a peer may take how long for | see there | [`deadlines`](Self::deadlines) |
/// | requests of a connection in flight | 32 | [`max_in_flight`](Self::max_in_flight) |
/// | bytes and frames of a connection | see there | [`frame_limits`](Self::frame_limits) |
/// | time to finish after a shutdown has begun | 30 s | [`drain_deadline`](Self::drain_deadline) |
/// | the protocol's name in the log and in metrics | `unnamed` | [`protocol`](Self::protocol) |
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
    when_full: WhenFull,
    clients: ClientLimit,
    when_client_full: WhenFull,
    gate: Gate,
    protocol: Cow<'static, str>,
    deadlines: Deadlines,
    pace: Pace,
    frame_limits: FrameLimits,
    drain_deadline: Duration,
}

impl<R: Runtime> Server<R> {
    /// A server with the default limits.
    pub fn new(runtime: &R) -> Self {
        Self {
            runtime: runtime.clone(),
            max_connections: MAX_CONNECTIONS,
            when_full: WhenFull::Wait,
            clients: ClientLimit {
                connections: MAX_PER_CLIENT,
                prefix_v4: 32,
                prefix_v6: 64,
                except_loopback: true,
            },
            when_client_full: WhenFull::Refuse,
            gate: Gate::default(),
            protocol: Cow::Borrowed(PROTOCOL),
            deadlines: Deadlines::new(),
            pace: Pace::new(),
            frame_limits: FrameLimits::new(),
            drain_deadline: DRAIN_DEADLINE,
        }
    }

    /// Sets how many connections are served at a time; 10,000 unless set.
    ///
    /// # Panics
    /// Panics if `connections` is 0.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        assert!(connections > 0, "max_connections must be at least 1");
        self.max_connections = connections;
        self
    }

    /// Sets what becomes of connections beyond [`max_connections`](Self::max_connections): they wait, unless set. Those
    /// that wait are not accepted, so they wait in the listener's backlog, at no cost to the process.
    #[must_use]
    pub fn when_full(mut self, what: WhenFull) -> Self {
        self.when_full = what;
        self
    }

    /// Sets how many connections one client may have at a time. 1,000 unless set, and then not for loopback addresses,
    /// since behind a local proxy every client has one. Peers without an IP address are not counted.
    ///
    /// # Panics
    /// Panics if `connections` is 0.
    #[must_use]
    pub fn max_per_client(mut self, connections: usize) -> Self {
        assert!(connections > 0, "max_per_client must be at least 1");
        self.clients.connections = connections;
        self.clients.except_loopback = false;
        self
    }

    /// Sets what becomes of connections beyond [`max_per_client`](Self::max_per_client): they are refused, unless set.
    /// Those that wait are accepted, and count as active.
    #[must_use]
    pub fn when_client_full(mut self, what: WhenFull) -> Self {
        self.when_client_full = what;
        self
    }

    /// Sets how many leading bits of its address make a client: 32 for IPv4 and 64 for IPv6 unless set.
    ///
    /// # Panics
    /// Panics if `v4` is more than 32 or `v6` more than 128.
    #[must_use]
    pub fn client_prefix(mut self, v4: u8, v6: u8) -> Self {
        assert!(v4 <= 32, "client_prefix: an IPv4 address has 32 bits, not {v4}");
        assert!(v6 <= 128, "client_prefix: an IPv6 address has 128 bits, not {v6}");
        self.clients.prefix_v4 = v4;
        self.clients.prefix_v6 = v6;
        self
    }

    /// Sets who is let in, by address: everybody unless set. It is asked when a connection has been accepted, before a byte of it
    /// is read, and again when a [proxy](crate::ProxyProtocol) has said for whom it connects.
    ///
    /// ```
    /// use wirework::{Addr, Runtime, Server, Subnet};
    ///
    /// fn without<R: Runtime>(runtime: &R, banned: Vec<Subnet>) -> Server<R> {
    ///     Server::new(runtime).filter(move |peer: &Addr| {
    ///         let is_banned = peer.ip().is_some_and(|addr| banned.iter().any(|subnet| subnet.contains(addr.ip())));
    ///         if is_banned { Err("banned") } else { Ok(()) }
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.gate = Gate::new(filter);
        self
    }

    /// Sets what the protocol is called in the log and in metrics; `unnamed` unless set.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.protocol = name.into();
        self
    }

    /// Sets the deadlines of each connection.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sets how many requests of one connection a [`Service`] works on at a time; 32 unless set. While there are as many, no
    /// more are read. With 1, a request is begun when the one before it is answered.
    ///
    /// # Panics
    /// Panics if `requests` is 0.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.pace.set_max_in_flight(requests);
        self
    }

    /// Sets the order in which a [`Service`]'s replies leave; that of the requests unless set.
    #[must_use]
    pub fn replies(mut self, order: Replies) -> Self {
        self.pace.replies = order;
        self
    }

    /// Sets what bounds the frames of each connection, unless it is served raw.
    #[must_use]
    pub fn frame_limits(mut self, limits: FrameLimits) -> Self {
        self.frame_limits = limits;
        self
    }

    /// Sets how long connections may take to finish after a shutdown has begun; 30 seconds unless set. Those that have not
    /// by then are cut: their handlers are dropped. A handler that blocks its thread, instead of waiting, cannot be dropped before
    /// it waits again, and the shutdown takes as long; work that blocks belongs into [`Runtime::blocking`].
    #[must_use]
    pub fn drain_deadline(mut self, duration: Duration) -> Self {
        self.drain_deadline = duration;
        self
    }

    /// Looks for settings that contradict each other, as [`serve`](Self::serve) does, which then panics: for settings that
    /// come from a file.
    ///
    /// # Errors
    /// Names the first setting that makes no sense beside the others.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use wirework::{Deadlines, Runtime, Server};
    /// # fn check<R: Runtime>(runtime: &R) {
    /// let deadlines = Deadlines::new().idle(Duration::from_secs(60)).lifetime(Duration::from_secs(30));
    /// let error = Server::new(runtime).deadlines(deadlines).check().unwrap_err();
    /// assert_eq!(error.setting(), "idle");
    /// # }
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.clients.connections > self.max_connections && !self.clients.except_loopback {
            let why = format!(
                "{} is more than max_connections ({})",
                self.clients.connections, self.max_connections
            );
            return Err(ConfigError::new("max_per_client", why));
        }
        self.deadlines.check()
    }
}
