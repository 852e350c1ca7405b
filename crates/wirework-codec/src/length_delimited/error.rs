//! What can be wrong with a frame that carries its length.

use thiserror::Error;

/// What can be wrong with a frame that carries its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The frame is longer than allowed.
    #[error("frame of {len} bytes is longer than the limit of {limit} bytes")]
    TooLong {
        /// How long the frame is, in bytes, without those that are skipped.
        len: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The length is less than the header that it counts or that is skipped.
    #[error("length of {length} is less than the header")]
    TooShort {
        /// What the length says.
        length: u64,
    },
    /// A frame to be written, whose header is part of it, is shorter than the header.
    #[error("frame of {len} bytes has no room for the header of {header} bytes")]
    NoHeader {
        /// How long the frame is, in bytes.
        len: usize,
        /// How long the header is, in bytes.
        header: usize,
    },
    /// The length of a frame to be written is negative or too large for its bytes.
    #[error("length of a frame of {len} bytes cannot be written in {width} bytes")]
    Unwritable {
        /// How long the frame is, in bytes.
        len: u64,
        /// How many bytes the length takes.
        width: usize,
    },
}
