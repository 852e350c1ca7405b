//! The name of a deadline, by which a missed one is reported.

use std::fmt;

/// A deadline, by its name in [`Deadlines`](crate::Deadlines).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is described by the method of `Deadlines` of its name")]
pub enum Deadline {
    FirstFrame,
    Idle,
    Frame,
    Write,
    Request,
    Lifetime,
    MinRate,
    Handshake,
}

impl Deadline {
    /// How many there are.
    pub(super) const COUNT: usize = 8;

    /// The name of its setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstFrame => "first_frame",
            Self::Idle => "idle",
            Self::Frame => "frame",
            Self::Write => "write",
            Self::Request => "request",
            Self::Lifetime => "lifetime",
            Self::MinRate => "min_rate",
            Self::Handshake => "handshake",
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
