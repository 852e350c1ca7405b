//! What can be wrong with a header.

use thiserror::Error;

/// What can be wrong with a header of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyHeaderError {
    /// The stream starts with something else.
    #[error("stream does not start with a PROXY header")]
    Missing,
    /// The header is longer than allowed.
    #[error("PROXY header is longer than the limit of {limit} bytes")]
    TooLong {
        /// The most bytes that a header may have.
        limit: usize,
    },
    /// The header is malformed.
    #[error("malformed PROXY header: {0}")]
    Malformed(&'static str),
    /// Its checksum is wrong.
    #[error("PROXY header has a wrong checksum")]
    Checksum,
    /// The header cannot be written as it is.
    #[error("PROXY header cannot be written: {0}")]
    Unwritable(&'static str),
}
