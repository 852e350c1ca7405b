//! One of two things, told apart by name.

/// A frame, or a codec, of one protocol or of another; see [`Detect`](crate::Detect).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Either<L, R> {
    /// Of the first protocol.
    Left(L),
    /// Of the second protocol.
    Right(R),
}
