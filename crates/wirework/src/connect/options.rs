//! What a TCP connection is given before and while it connects.

use std::net::IpAddr;
use std::time::Duration;

use crate::socket::keepalive::{self, KEEPALIVE};

/// Options of one TCP connection; see [`Network::connect_tcp_with`](crate::Network::connect_tcp_with).
///
/// | | default | set with |
/// |---|---|---|
/// | local address | the system's choice | [`local_addr`](Self::local_addr) |
/// | `TCP_NODELAY` | on | [`nodelay`](Self::nodelay) |
/// | keep-alive probes | after 2 minutes of silence | [`keepalive`](Self::keepalive) |
///
/// ```
/// use std::time::Duration;
/// use wirework::ConnectOptions;
///
/// let options = ConnectOptions::new().keepalive(Duration::from_secs(60));
/// assert!(options.has_nodelay());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectOptions {
    local_addr: Option<IpAddr>,
    nodelay: bool,
    keepalive: Option<Duration>,
}

impl ConnectOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            local_addr: None,
            nodelay: true,
            keepalive: Some(KEEPALIVE),
        }
    }

    /// Sets the address to connect from; the system's choice unless set. The port is the system's choice always. Addresses
    /// of the other family are then out of reach.
    #[must_use]
    pub const fn local_addr(mut self, addr: IpAddr) -> Self {
        self.local_addr = Some(addr);
        self
    }

    /// Sets whether small writes leave at once (`TCP_NODELAY`); on unless set. wirework gathers small writes itself.
    #[must_use]
    pub const fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// Sets after how much silence the system asks whether the peer still is there (`SO_KEEPALIVE`), in whole seconds, rounded
    /// down; 2 minutes unless set, and `None` for never. So a peer that vanished without a word, and its calls with it, is
    /// noticed. How often it asks before it gives up is the system's setting.
    ///
    /// # Panics
    /// Panics unless it is from 1 second to 32,767 (some 9 hours), the most that Linux takes.
    #[must_use]
    pub fn keepalive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.keepalive = keepalive::checked(silence.into());
        self
    }

    /// The address to connect from, where one was set.
    #[must_use]
    pub const fn bind_addr(&self) -> Option<IpAddr> {
        self.local_addr
    }

    /// Whether `TCP_NODELAY` is to be set.
    #[must_use]
    pub const fn has_nodelay(&self) -> bool {
        self.nodelay
    }

    /// After how much silence the system asks whether the peer still is there, if it does.
    #[must_use]
    pub const fn keepalive_idle(&self) -> Option<Duration> {
        self.keepalive
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}
