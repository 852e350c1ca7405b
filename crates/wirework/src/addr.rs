//! Where an endpoint is: an IP socket address, a Unix path, or a pair in memory.
//!
//! One type for all transports, so that a handler can name its peer without knowing what it runs on.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The address of one end of a connection, or of a listener.
///
/// Formats as the address a person would type: `127.0.0.1:80`, `unix:/run/app.sock`, `memory:7`.
///
/// ```
/// use wirework::Addr;
/// assert_eq!(Addr::from(([127, 0, 0, 1], 80)).to_string(), "127.0.0.1:80");
/// assert_eq!(Addr::Unix(None).to_string(), "unix:unnamed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Addr {
    /// An IP address and a port (TCP, UDP).
    Ip(SocketAddr),
    /// A Unix socket's path. `None` where the socket has no name, as a connecting client usually has none.
    Unix(Option<PathBuf>),
    /// An in-memory connection, by its number within the process.
    Memory(u64),
}

impl Addr {
    /// The IP address and port, unless this is no IP endpoint.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            _ => None,
        }
    }

    /// The path of a named Unix socket.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => path.as_deref(),
            _ => None,
        }
    }
}

impl<A: Into<SocketAddr>> From<A> for Addr {
    fn from(addr: A) -> Self {
        Self::Ip(addr.into())
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix:unnamed"),
            Self::Memory(number) => write!(f, "memory:{number}"),
        }
    }
}
