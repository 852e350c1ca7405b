//! How a listener is set up, beyond its address.

use std::io;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, TcpKeepalive};

use super::keepalive::{self, KEEPALIVE};
use super::{AsSocket, BACKLOG};

/// Options of a TCP listener and of the connections that it accepts; by value, as
/// [`Network::listen_tcp_with`](crate::Network::listen_tcp_with) takes them.
///
/// | | default |
/// |---|---|
/// | [`backlog`](Self::backlog) | 1,024 connections |
/// | [`nodelay`](Self::nodelay) | on: wirework gathers small writes itself |
/// | [`keepalive`](Self::keepalive) | probes after 2 minutes of silence |
/// | [`reuse_port`](Self::reuse_port) | off |
/// | [`only_v6`](Self::only_v6) | as the system has it (on Linux, `[::]` takes IPv4, too) |
///
/// ```
/// use std::io;
/// use wirework::Network;
/// use wirework::socket::ListenOptions;
///
/// /// One listener for each acceptor; the system shares connections out among them.
/// fn listen<N: Network>(network: &N, acceptors: usize) -> io::Result<Vec<N::TcpListener>> {
///     let options = ListenOptions::new().reuse_port(true).backlog(4096);
///     (0..acceptors).map(|_| network.listen_tcp_with(([0, 0, 0, 0], 7000).into(), &options)).collect()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ListenOptions {
    backlog: i32,
    nodelay: bool,
    keepalive: Option<Duration>,
    reuse_port: bool,
    only_v6: Option<bool>,
}

impl ListenOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            backlog: BACKLOG,
            nodelay: true,
            keepalive: Some(KEEPALIVE),
            reuse_port: false,
            only_v6: None,
        }
    }

    /// Sets how many connections may wait to be accepted; 1,024 unless set. The system may have a lower limit
    /// (`net.core.somaxconn` on Linux).
    ///
    /// # Panics
    /// Panics unless it is from 1 to `i32::MAX`.
    #[must_use]
    pub fn backlog(mut self, connections: usize) -> Self {
        let backlog = i32::try_from(connections).ok().filter(|backlog| *backlog > 0);
        self.backlog = backlog.expect("backlog must be at least 1 and fit the system's type");
        self
    }

    /// Sets whether small writes leave at once (`TCP_NODELAY`); they do unless set.
    #[must_use]
    pub fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// Sets after how much silence the system asks whether the peer still is there (`SO_KEEPALIVE`), in whole seconds, rounded
    /// down; 2 minutes unless set, and `None` for never. It ends connections whose peer lost power or its network; the deadlines
    /// of a [`Server`](crate::Server) end those of peers that are there and silent.
    ///
    /// # Panics
    /// Panics unless it is from 1 second to 32,767 (some 9 hours), the most that Linux takes.
    #[must_use]
    pub fn keepalive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.keepalive = keepalive::checked(silence.into());
        self
    }

    /// Sets whether other sockets may listen at the same address (`SO_REUSEPORT`); not unless set. Each of them must set it.
    /// The system then shares connections out, so that several acceptors do not wait for one another.
    #[must_use]
    pub fn reuse_port(mut self, on: bool) -> Self {
        self.reuse_port = on;
        self
    }

    /// Sets whether an IPv6 listener takes IPv6 connections alone (`IPV6_V6ONLY`), or, as `false`, both (dual stack). The
    /// system decides unless set. It means nothing for an IPv4 address.
    #[must_use]
    pub fn only_v6(mut self, on: bool) -> Self {
        self.only_v6 = Some(on);
        self
    }

    /// How many connections may wait to be accepted.
    #[must_use]
    pub fn backlog_limit(&self) -> usize {
        usize::try_from(self.backlog).unwrap_or(usize::MAX)
    }

    /// Whether `TCP_NODELAY` is to be set.
    #[must_use]
    pub fn has_nodelay(&self) -> bool {
        self.nodelay
    }

    /// After how much silence the system asks whether the peer still is there, if it does.
    #[must_use]
    pub fn keepalive_idle(&self) -> Option<Duration> {
        self.keepalive
    }

    /// Whether other sockets may listen at the same address.
    #[must_use]
    pub fn shares_port(&self) -> bool {
        self.reuse_port
    }

    /// Whether an IPv6 listener takes IPv6 connections alone, where that was set.
    #[must_use]
    pub fn is_only_v6(&self) -> Option<bool> {
        self.only_v6
    }

    pub(super) fn before_bind(&self, socket: &Socket, domain: Domain) -> io::Result<()> {
        #[cfg(unix)]
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        #[cfg(not(unix))]
        if self.reuse_port {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "there is no SO_REUSEPORT here",
            ));
        }
        if let Some(only_v6) = self.only_v6
            && domain == Domain::IPV6
        {
            socket.set_only_v6(only_v6)?;
        }
        Ok(())
    }

    pub(super) fn listen(&self, socket: &Socket) -> io::Result<()> {
        self.set_inherited(socket)?;
        socket.listen(self.backlog)
    }

    /// Sets, on a socket that listens already, what its connections inherit: [`nodelay`](Self::nodelay) and
    /// [`keepalive`](Self::keepalive). Of the others, it is too late for some and the other's business for the rest.
    ///
    /// # Errors
    /// Those of the system.
    pub fn apply_to(&self, listener: &impl AsSocket) -> io::Result<()> {
        self.set_inherited(&SockRef::from(listener))
    }

    /// What connections inherit from their listener is set there, once, rather than with system calls for each of them.
    fn set_inherited(&self, socket: &Socket) -> io::Result<()> {
        socket.set_tcp_nodelay(self.nodelay)?;
        match self.keepalive {
            Some(silence) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(silence)),
            None => socket.set_keepalive(false),
        }
    }
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self::new()
    }
}
