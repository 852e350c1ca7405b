//! Connecting to a name: by the fastest of its addresses, within a deadline.

mod error;
mod options;
mod race;
mod target;

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::time::{Duration, Instant};

use futures_lite::AsyncWriteExt;
use wirework_codec::ProxyHeader;

pub use self::error::{ConnectError, FailedAttempt};
pub use self::options::ConnectOptions;
use self::race::{Race, interleaved};
pub(crate) use self::target::Target;
use crate::time::{TimedOut, after, deadline};
use crate::{Connection, Network, Resolver, SystemResolver, socket};

/// How long an attempt has for itself before the next address is tried, unless set otherwise: what RFC 8305 §8 recommends.
const STAGGER: Duration = Duration::from_millis(250);

/// How long connecting may take in total, unless set otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

/// Connects over TCP to `target`, a `host:port` where the host is a name or an IP address (IPv6 in brackets). The addresses
/// of a name race one another, as a [`Connector`] with its defaults does it.
///
/// # Errors
/// Fails when `target` is not of that form, when the name does not resolve, or when no address accepts within 30 seconds;
/// the error names each address and why it failed.
///
/// # Cancel safety
/// Dropping the future gives the attempt up.
///
/// ```
/// # use std::io;
/// use wirework::{Framed, Network, codec::Lines, connect};
///
/// async fn greet<N: Network>(network: &N) -> io::Result<Option<String>> {
///     let mut framed = Framed::new(connect(network, "localhost:7000").await?, Lines::new());
///     framed.send("hello").await?;
///     Ok(framed.next().await?)
/// }
/// ```
pub async fn connect<N: Network>(network: &N, target: &str) -> io::Result<N::TcpStream> {
    Ok(Connector::new(network).connect(target).await?)
}

/// Connects to names, addresses and paths, within a deadline.
///
/// The addresses of a name are tried in the manner of happy eyeballs, version 2 (RFC 8305): the families take turns, each
/// attempt has 250 ms for itself before the next one joins it, a failed one lets the next start at once, and the first to
/// succeed wins; the others are dropped. An address that never answers costs a quarter of a second, not minutes.
///
/// | | default | set with |
/// |---|---|---|
/// | the whole time, resolving included | 30 s | [`deadline`](Self::deadline) |
/// | time before the next address joins | 250 ms | [`stagger`](Self::stagger) |
/// | who resolves names | the system | [`resolver`](Self::resolver) |
/// | a PROXY header to begin with | none | [`announce`](Self::announce) |
/// | options of the socket | those of [`ConnectOptions`] | [`options`](Self::options) |
///
/// ```
/// # use std::time::Duration;
/// use wirework::{CachingResolver, ConnectError, ConnectOptions, Connector, Network, SystemResolver};
///
/// async fn connect<N: Network>(network: &N) -> Result<N::TcpStream, ConnectError> {
///     let connector = Connector::new(network)
///         .deadline(Duration::from_secs(5))
///         .options(ConnectOptions::new().keepalive(Duration::from_secs(60)))
///         .resolver(CachingResolver::new(network, SystemResolver::new(network)));
///     connector.connect("example.org:80").await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Connector<N, R = SystemResolver<N>> {
    network: N,
    resolver: R,
    deadline: Duration,
    stagger: Duration,
    options: ConnectOptions,
    announced: Option<ProxyHeader>,
}

impl<N: Network> Connector<N> {
    /// A connector with the defaults.
    pub fn new(network: &N) -> Self {
        Self {
            network: network.clone(),
            resolver: SystemResolver::new(network),
            deadline: DEADLINE,
            stagger: STAGGER,
            options: ConnectOptions::new(),
            announced: None,
        }
    }
}

impl<N: Network, R: Resolver> Connector<N, R> {
    /// Sets who resolves names; the system unless set.
    #[must_use]
    pub fn resolver<S: Resolver>(self, resolver: S) -> Connector<N, S> {
        Connector {
            network: self.network,
            resolver,
            deadline: self.deadline,
            stagger: self.stagger,
            options: self.options,
            announced: self.announced,
        }
    }

    /// Sets how long connecting may take, from the name to the connection; 30 seconds unless set.
    #[must_use]
    pub fn deadline(mut self, duration: Duration) -> Self {
        self.deadline = duration;
        self
    }

    /// Sets how long an attempt has for itself before the next address is tried beside it; 250 ms unless set.
    #[must_use]
    pub fn stagger(mut self, duration: Duration) -> Self {
        self.stagger = duration;
        self
    }

    /// Sets the options of TCP connections; their defaults unless set.
    #[must_use]
    pub fn options(mut self, options: ConnectOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the header of the PROXY protocol that each connection begins with, in which a proxy says for whom it connects; none
    /// unless set. It is sent within the deadline.
    ///
    /// ```
    /// use wirework::codec::ProxyHeader;
    /// use wirework::{ConnectError, Connection, Connector, Network};
    ///
    /// /// Connects to a backend for the client of `accepted`.
    /// async fn pass_on<N: Network>(
    ///     backends: &Connector<N>,
    ///     accepted: &N::TcpStream,
    /// ) -> Result<N::TcpStream, ConnectError> {
    ///     let ip = |addr: std::io::Result<wirework::Addr>| addr.ok()?.ip();
    ///     let header = match (ip(accepted.peer_addr()), ip(accepted.local_addr())) {
    ///         (Some(client), Some(here)) => ProxyHeader::new(client, here),
    ///         _ => ProxyHeader::local(),
    ///     };
    ///     backends.clone().announce(header).connect("backend.example:7000").await
    /// }
    /// ```
    #[must_use]
    pub fn announce(mut self, header: impl Into<Option<ProxyHeader>>) -> Self {
        self.announced = header.into();
        self
    }

    /// Connects over TCP to `target`, a `host:port` where the host is a name or an IP address (IPv6 in brackets).
    ///
    /// # Errors
    /// Fails when `target` is not of that form, when the name does not resolve, or when no address accepts in time.
    ///
    /// # Cancel safety
    /// Dropping the future gives all attempts up.
    pub async fn connect(&self, target: &str) -> Result<N::TcpStream, ConnectError> {
        let parsed = Target::parse(target)?;
        let until = after(self.network.now(), self.deadline);
        let addrs = match parsed.literal() {
            Some(addr) => vec![addr],
            None => deadline(&self.network, until, self.resolver.resolve(parsed.host, parsed.port))
                .await
                .map_err(|_| self.timed_out(target, Vec::new()))?
                .map_err(ConnectError::Resolve)?,
        };
        self.race(target, addrs, until).await
    }

    /// Connects over TCP to the fastest of `addrs`, which are tried in this order except that the families take turns.
    ///
    /// # Errors
    /// Fails when no address accepts in time.
    ///
    /// # Cancel safety
    /// Dropping the future gives all attempts up.
    pub async fn connect_any(&self, addrs: &[SocketAddr]) -> Result<N::TcpStream, ConnectError> {
        let target = addrs
            .first()
            .map_or_else(|| "no address".to_owned(), ToString::to_string);
        let until = after(self.network.now(), self.deadline);
        self.race(&target, addrs.to_owned(), until).await
    }

    /// Connects to a Unix socket, within the same deadline.
    ///
    /// # Errors
    /// Those of the system: [`NotFound`](io::ErrorKind::NotFound) when there is no such path; and
    /// [`TimedOut`](io::ErrorKind::TimedOut).
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    #[cfg(unix)]
    pub async fn connect_unix(&self, path: &Path) -> io::Result<N::UnixStream> {
        let until = after(self.network.now(), self.deadline);
        let connect = async {
            let mut stream = self.network.connect_unix(path).await?;
            self.begin(&mut stream).await?;
            Ok(stream)
        };
        let connected = deadline(&self.network, until, connect).await;
        connected.map_err(|TimedOut| {
            let message = format!("cannot connect to {} within {:?}", path.display(), self.deadline);
            io::Error::new(io::ErrorKind::TimedOut, message)
        })?
    }

    async fn race(&self, target: &str, addrs: Vec<SocketAddr>, until: Instant) -> Result<N::TcpStream, ConnectError> {
        let mut race = Race::new(interleaved(addrs));
        let attempt = |addr| self.attempt(addr);
        match deadline(&self.network, until, race.run(&self.network, self.stagger, attempt)).await {
            Ok(Some(mut stream)) => match deadline(&self.network, until, self.begin(&mut stream)).await {
                Ok(Ok(())) => Ok(stream),
                Ok(Err(error)) => Err(ConnectError::Announce {
                    target: target.to_owned(),
                    error,
                }),
                Err(TimedOut) => Err(self.timed_out(target, race.into_failed())),
            },
            Ok(None) => Err(ConnectError::Refused {
                target: target.to_owned(),
                attempts: race.into_failed(),
            }),
            Err(_) => Err(self.timed_out(target, race.into_failed())),
        }
    }

    /// Sends what a connection begins with.
    async fn begin(&self, connection: &mut impl Connection) -> io::Result<()> {
        if let Some(header) = &self.announced {
            let header = header.to_bytes();
            let header = header.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            connection.write_all(&header).await?;
            connection.flush().await?;
        }
        Ok(())
    }

    async fn attempt(&self, addr: SocketAddr) -> io::Result<N::TcpStream> {
        let stream = self.network.connect_tcp_with(addr, self.options).await?;
        // Where nobody listens on a local port that the system also gives to those who connect, an attempt can be given
        // that very port and meet itself (RFC 9293 §3.5, simultaneous open). It also would keep the port from its server.
        if matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer) {
            let error = io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens, it met itself");
            return Err(socket::cannot_connect(addr, &error));
        }
        Ok(stream)
    }

    fn timed_out(&self, target: &str, attempts: Vec<FailedAttempt>) -> ConnectError {
        ConnectError::TimedOut {
            target: target.to_owned(),
            limit: self.deadline,
            attempts,
        }
    }
}
