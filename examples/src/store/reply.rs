//! What the server answers.

use std::collections::BTreeMap;
use std::fmt;

use super::BadRequest;

/// A reply, borrowed from the request and the store. Formats as it is sent, except for the last line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Done.
    Done,
    /// What is stored.
    Value(&'a str),
    /// All that is stored: a reply of several lines.
    List(&'a BTreeMap<String, String>),
    /// There is no such key.
    NoSuchKey(&'a str),
    /// What is stored there cannot be added to.
    NotANumber(&'a str),
    /// The sum is too large.
    Overflow(&'a str),
    /// There is no room for one more key.
    Full,
    /// The request makes no sense.
    Bad(BadRequest<'a>),
    /// The last reply.
    Bye,
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("OK"),
            Self::Value(value) => write!(f, "VALUE {value}"),
            Self::List(values) => {
                write!(f, "LIST {}", values.len())?;
                values.iter().try_for_each(|(key, value)| write!(f, "\n{key} {value}"))
            }
            Self::NoSuchKey(key) => write!(f, "ERR no such key {key:?}"),
            Self::NotANumber(key) => write!(f, "ERR the value of {key:?} is not a whole number"),
            Self::Overflow(key) => write!(f, "ERR the sum for {key:?} is too large"),
            Self::Full => f.write_str("ERR the store is full"),
            Self::Bad(reason) => write!(f, "ERR {reason}"),
            Self::Bye => f.write_str("BYE"),
        }
    }
}
