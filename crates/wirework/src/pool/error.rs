//! Why a pool gave no connection.

use std::io;

use thiserror::Error;

/// Why a pool gave no connection. Turns into an [`io::Error`] with `?`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// None was to be had in time.
    #[error("no connection of the pool became free in time")]
    TimedOut,
    /// A new one could not be made.
    #[error("cannot make a connection for the pool")]
    Connect(#[source] io::Error),
    /// The pool was closed.
    #[error("the pool was closed")]
    Closed,
}

impl From<PoolError> for io::Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::TimedOut => io::Error::new(io::ErrorKind::TimedOut, error),
            PoolError::Connect(error) => error,
            PoolError::Closed => io::Error::new(io::ErrorKind::NotConnected, error),
        }
    }
}
