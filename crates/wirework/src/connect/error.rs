//! Why connecting failed: every address that was tried, and what became of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

/// Why there is no connection.
///
/// Its text names every address that was tried and why each failed. Turns into an [`io::Error`] with `?`, of the kind of the
/// last failure.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The target is not of the form `host:port`.
    #[error("bad address {target:?}: {why}")]
    Target {
        /// What was asked for.
        target: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The name could not be resolved.
    #[error(transparent)]
    Resolve(io::Error),
    /// None of the addresses accepted.
    #[error("cannot connect to {target}{}", Listed(attempts))]
    Refused {
        /// What was asked for.
        target: String,
        /// The addresses tried, in the order in which they failed. Empty if the name has no address.
        attempts: Vec<FailedAttempt>,
    },
    /// The connection was lost, or the header cannot be written, while [announcing](crate::Connector::announce) the client.
    #[error("cannot send {target} a PROXY header")]
    Announce {
        /// What was asked for.
        target: String,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// The deadline passed.
    #[error("cannot connect to {target} within {limit:?}{}", Listed(attempts))]
    TimedOut {
        /// What was asked for.
        target: String,
        /// How long it was tried.
        limit: Duration,
        /// The addresses tried. Empty if the name was not resolved by then.
        attempts: Vec<FailedAttempt>,
    },
}

impl ConnectError {
    /// The addresses that were tried.
    #[must_use]
    pub fn attempts(&self) -> &[FailedAttempt] {
        match self {
            Self::Refused { attempts, .. } | Self::TimedOut { attempts, .. } => attempts,
            Self::Target { .. } | Self::Resolve(_) | Self::Announce { .. } => &[],
        }
    }

    /// What kind of I/O error it is: that of the last failure.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Target { .. } => io::ErrorKind::InvalidInput,
            Self::Resolve(error) | Self::Announce { error, .. } => error.kind(),
            Self::Refused { attempts, .. } => match attempts.last() {
                Some(attempt) => attempt.error.kind(),
                None => io::ErrorKind::NotFound,
            },
            Self::TimedOut { .. } => io::ErrorKind::TimedOut,
        }
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        io::Error::new(error.kind(), error)
    }
}

/// An address that was tried in vain.
#[derive(Debug)]
pub struct FailedAttempt {
    /// The address.
    pub addr: SocketAddr,
    /// Why it failed; [`TimedOut`](io::ErrorKind::TimedOut) if it had not answered when the deadline passed.
    pub error: io::Error,
}

/// The attempts as the end of a sentence.
struct Listed<'a>(&'a [FailedAttempt]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(": no address was tried");
        }
        for (number, attempt) in self.0.iter().enumerate() {
            write!(f, "{} {}", if number == 0 { ":" } else { ";" }, attempt.error)?;
        }
        Ok(())
    }
}
