//! Why a command has no result.

use std::io;

use thiserror::Error;
use wirework::CallError;

use crate::{ErrorCode, ServerError, Value};

/// Why a command has no result. Turns into an [`io::Error`] with `?`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedisError {
    /// There is no connection.
    #[error("cannot connect to the server")]
    Connect(#[from] io::Error),
    /// There is no reply: the connection was lost, or it took too long.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The server answered with an error.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The reply is not what was expected.
    #[error("reply is {got}, where {expected} was expected")]
    Unexpected {
        /// What was expected.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
}

impl RedisError {
    /// A reply that is not what was expected.
    #[must_use]
    pub fn unexpected(expected: &'static str, got: &Value) -> Self {
        let got = match got {
            Value::Null => "a null",
            Value::Simple(_) => "a simple string",
            Value::Error(_) => "an error",
            Value::Integer(_) => "an integer",
            Value::Bulk(_) => "a bulk string",
            Value::Double(_) => "a double",
            Value::Boolean(_) => "a boolean",
            Value::BigNumber(_) => "a big number",
            Value::Verbatim { .. } => "a verbatim string",
            Value::Array(_) => "an array",
            Value::Map(_) => "a map",
            Value::Set(_) => "a set",
            Value::Push(_) => "a push",
            Value::Attributed(_) => "a value with attributes",
        };
        Self::Unexpected { expected, got }
    }

    /// What the server's error is about, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Server(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Whether the command may have been run.
    #[must_use]
    pub fn maybe_sent(&self) -> bool {
        match self {
            Self::Connect(_) => false,
            Self::Call(error) => error.maybe_sent(),
            Self::Server(_) | Self::Unexpected { .. } => true,
        }
    }
}

impl From<RedisError> for io::Error {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Connect(error) => error,
            RedisError::Call(error) => error.into(),
            RedisError::Server(error) => {
                let kind = match error.kind() {
                    ErrorCode::NoAuth | ErrorCode::WrongPass | ErrorCode::NoPerm => io::ErrorKind::PermissionDenied,
                    _ => io::ErrorKind::Other,
                };
                io::Error::new(kind, error)
            }
            error @ RedisError::Unexpected { .. } => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}
