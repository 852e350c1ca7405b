//! What can be wrong with a reply.

use thiserror::Error;

/// Why the bytes are no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No type begins with that byte.
    #[error("no type begins with '{}'", byte.escape_ascii())]
    UnknownType {
        /// The byte.
        byte: u8,
    },
    /// A line does not end with CRLF, or a bulk string is not followed by it.
    #[error("there is no CRLF where one must be")]
    NoLineBreak,
    /// A line is longer than allowed.
    #[error("line is longer than the limit of {limit} bytes")]
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// What stands for a number is none.
    #[error("number is malformed")]
    NotANumber,
    /// A boolean is neither `t` nor `f`.
    #[error("boolean is neither true nor false")]
    NotABoolean,
    /// There is something in a null.
    #[error("null is not empty")]
    NotNull,
    /// A length or a count is no number, or negative.
    #[error("length is malformed")]
    NotALength,
    /// A string is longer than allowed.
    #[error("string is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An aggregate has more values than allowed.
    #[error("aggregate has more than the limit of {limit} values")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Aggregates are nested more deeply than allowed.
    #[error("aggregates are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A verbatim string does not begin with a format of three characters and a colon.
    #[error("verbatim string has no format")]
    NoFormat,
    /// A push is within another value.
    #[error("push is nested")]
    NestedPush,
    /// The end of a streamed aggregate is where there is none to be ended, or between a key and its value.
    #[error("aggregate ends where it cannot")]
    UnexpectedEnd,
    /// A streamed string consists of something else than chunks, or a chunk belongs to none.
    #[error("chunk of a streamed string is misplaced")]
    MisplacedChunk,
}
