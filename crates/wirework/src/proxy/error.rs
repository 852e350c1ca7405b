//! Why a proxy gave no connection.

use std::io;

use thiserror::Error;

use crate::ConnectError;

/// Why a proxy gave no connection to the target.
///
/// Turns into an [`io::Error`] with `?`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The connection to the proxy failed, or the proxy closed it.
    #[error("cannot talk to the proxy")]
    Io(#[from] io::Error),
    /// The target is not of the form `host:port`, or the proxy's protocol cannot carry it.
    #[error("cannot ask a proxy for {target:?}: {why}")]
    Target {
        /// What was asked for.
        target: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The proxy wants credentials, and there are none; or it does not accept those it got.
    #[error("the proxy does not let us in: {0}")]
    Unauthorized(&'static str),
    /// The proxy did not connect.
    #[error("the proxy did not connect to {target}: {reason}")]
    Refused {
        /// What was asked for.
        target: String,
        /// The code of its protocol: a SOCKS5 reply field, or an HTTP status.
        code: u16,
        /// What the code means, or what the proxy said.
        reason: String,
    },
    /// That is no proxy, or none of this kind.
    #[error("the proxy does not speak the protocol: {0}")]
    Protocol(&'static str),
}

impl ProxyError {
    pub(super) fn target(target: &str, why: &'static str) -> Self {
        Self::Target {
            target: target.to_owned(),
            why,
        }
    }
}

impl From<ConnectError> for ProxyError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Target { target, why } => Self::Target { target, why },
            other => Self::Io(other.into()),
        }
    }
}

impl From<ProxyError> for io::Error {
    fn from(error: ProxyError) -> Self {
        let kind = match error {
            ProxyError::Io(error) => return error,
            ProxyError::Target { .. } => io::ErrorKind::InvalidInput,
            ProxyError::Unauthorized(_) => io::ErrorKind::PermissionDenied,
            ProxyError::Refused { .. } => io::ErrorKind::ConnectionRefused,
            ProxyError::Protocol(_) => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
