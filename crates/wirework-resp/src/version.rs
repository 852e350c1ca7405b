//! Which of the two protocols a connection speaks.

/// A version of the protocol. A connection begins with [`Resp2`](Self::Resp2); the command `HELLO 3` changes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Simple strings, errors, integers, bulk strings and arrays.
    #[default]
    Resp2,
    /// Also maps, sets, doubles, booleans, pushes and the rest.
    Resp3,
}

impl Version {
    /// The version that `HELLO` names by this number, if there is one.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            2 => Some(Self::Resp2),
            3 => Some(Self::Resp3),
            _ => None,
        }
    }

    /// Its number: 2 or 3.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}
