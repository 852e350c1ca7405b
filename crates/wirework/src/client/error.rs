//! Why a call has no answer, and whether its request may have reached the peer.

use std::io;
use std::sync::Arc;

use thiserror::Error;

/// Why a call has no answer.
///
/// Who wants to call again must know whether the first request may have had an effect:
/// [`maybe_sent`](Self::maybe_sent) says so. Turns into an [`io::Error`] with `?`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The deadline of the call passed.
    #[error("call got no answer in time ({})", sent(*maybe_sent))]
    TimedOut {
        /// Whether the request may have been sent.
        maybe_sent: bool,
    },
    /// The connection is gone. All calls of a connection have the same cause.
    #[error("connection lost during a call ({})", sent(*maybe_sent))]
    Disconnected {
        /// Why it is gone.
        #[source]
        cause: Arc<io::Error>,
        /// Whether the request may have been sent.
        maybe_sent: bool,
    },
    /// The protocol cannot carry the request. Nothing of it was sent, and the connection is as good as before.
    #[error("cannot encode the request")]
    Rejected(#[source] io::Error),
}

impl CallError {
    /// Whether the request may have been sent, and so may have had an effect. Where it is false, calling again cannot do
    /// anything twice.
    #[must_use]
    pub fn maybe_sent(&self) -> bool {
        match self {
            Self::TimedOut { maybe_sent } | Self::Disconnected { maybe_sent, .. } => *maybe_sent,
            Self::Rejected(_) => false,
        }
    }

    /// What kind of I/O error it is.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::TimedOut { .. } => io::ErrorKind::TimedOut,
            Self::Disconnected { cause, .. } => cause.kind(),
            Self::Rejected(error) => error.kind(),
        }
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        io::Error::new(error.kind(), error)
    }
}

fn sent(maybe: bool) -> &'static str {
    if maybe {
        "the request may have been sent"
    } else {
        "the request was not sent"
    }
}
