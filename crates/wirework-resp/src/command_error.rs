//! What can be wrong with a command, in Redis's words.

use thiserror::Error;

/// Why the bytes are no command. Formats as Redis tells its clients before it closes their connection:
/// [`ReplyWriter::protocol_error`](crate::ReplyWriter::protocol_error) sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The number of arguments is no number, or greater than allowed.
    #[error("Protocol error: invalid multibulk length")]
    InvalidMultibulkLength,
    /// There are more arguments than allowed before a client has authenticated.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedMultibulkLength,
    /// The length of an argument is no number, negative, or greater than allowed.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulkLength,
    /// An argument is longer than allowed before a client has authenticated.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulkLength,
    /// Something else stands where the length of an argument should.
    #[error("Protocol error: expected '$', got '{}'", char::from(*got))]
    ExpectedDollar {
        /// The byte that is there.
        got: u8,
    },
    /// The line with the number of arguments has no end.
    #[error("Protocol error: too big mbulk count string")]
    TooBigMultibulkCount,
    /// The line with the length of an argument has no end.
    #[error("Protocol error: too big bulk count string")]
    TooBigBulkCount,
    /// An inline command is longer than allowed.
    #[error("Protocol error: too big inline request")]
    TooBigInline,
    /// A quote in an inline command is not closed, or something follows it without a space.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// There is no line break behind an argument. Redis skips two bytes there, whatever they are; then two readers
    /// can see different commands in the same bytes.
    #[error("Protocol error: expected CRLF after bulk string")]
    NoLineBreak,
}
