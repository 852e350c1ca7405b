//! What a command is refused with: Redis's own words, since clients look at them.

use std::borrow::Cow;

/// The text of an error reply, its code included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Cow<'static, str>);

impl Fault {
    pub const WRONG_TYPE: Self = Self::text("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub const SYNTAX: Self = Self::text("ERR syntax error");
    pub const NOT_AN_INTEGER: Self = Self::text("ERR value is not an integer or out of range");
    pub const NOT_A_FLOAT: Self = Self::text("ERR value is not a valid float");
    pub const OUT_OF_RANGE: Self = Self::text("ERR value is out of range");
    pub const NOT_POSITIVE: Self = Self::text("ERR value is out of range, must be positive");
    pub const OVERFLOW: Self = Self::text("ERR increment or decrement would overflow");
    pub const NOT_FINITE: Self = Self::text("ERR increment would produce NaN or Infinity");
    pub const TOO_LONG: Self = Self::text("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    pub const NO_SUCH_KEY: Self = Self::text("ERR no such key");
    pub const INDEX: Self = Self::text("ERR index out of range");
    pub const CURSOR: Self = Self::text("ERR invalid cursor");
    pub const NOT_A_SCORE_RANGE: Self = Self::text("ERR min or max is not a float");
    pub const TIMEOUT: Self = Self::text("ERR timeout is not a float or out of range");
    pub const NEGATIVE_TIMEOUT: Self = Self::text("ERR timeout is negative");
    pub const NO_NUMBER: Self = Self::text("ERR resulting score is not a number (NaN)");
    pub const SAME_OBJECT: Self = Self::text("ERR source and destination objects are the same");
    pub const DB_INDEX: Self = Self::text("ERR DB index is out of range");
    pub const OUT_OF_MEMORY: Self = Self::text("OOM command not allowed when used memory > 'maxmemory'.");
    pub const NO_AUTH: Self = Self::text("NOAUTH Authentication required.");
    pub const ABORTED: Self = Self::text("EXECABORT Transaction discarded because of previous errors.");

    pub const fn text(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub fn new(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// A command was given too few arguments, or too many.
    pub fn arity(command: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// An expiry that lies before all time, or beyond it.
    pub fn expire_time(command: &str) -> Self {
        Self::new(format!("ERR invalid expire time in '{command}' command"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
