//! A value of RESP2 or RESP3, owned: what a client gets.

use std::fmt;

use bytes::Bytes;

use crate::{ReplyWriter, ServerError};

/// Errors up to this many bytes are sent on a line.
const LINE: usize = 1024;

/// A value. Strings share the memory that they were read into.
///
/// A streamed string or aggregate is the same value as one whose length was known. In RESP2, a null may have been a null bulk
/// string or a null array, and what that version does not know comes as what Redis sends there instead: a map as an array, a
/// double as a bulk string.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// A short text, such as `OK`.
    Simple(Bytes),
    /// An error, simple or bulk.
    Error(ServerError),
    /// An integer.
    Integer(i64),
    /// Any bytes.
    Bulk(Bytes),
    /// A double.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// An integer of any length, as digits.
    BigNumber(Bytes),
    /// A text to be shown as it is.
    Verbatim {
        /// Its format, such as `txt`.
        format: [u8; 3],
        /// The text.
        text: Bytes,
    },
    /// Values in order.
    Array(Vec<Value>),
    /// Keys with values, in the order they came.
    Map(Vec<(Value, Value)>),
    /// Values without order.
    Set(Vec<Value>),
    /// What the server sends without being asked.
    Push(Vec<Value>),
    /// A value with attributes.
    Attributed(Box<Attributed>),
}

/// A value with attributes: more about it, which can be ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributed {
    /// Keys with values.
    pub attributes: Vec<(Value, Value)>,
    /// The value itself.
    pub value: Value,
}

impl Value {
    /// The bytes, if it is a string of any kind.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Simple(bytes) | Self::Bulk(bytes) | Self::BigNumber(bytes) | Self::Verbatim { text: bytes, .. } => {
                Some(bytes)
            }
            _ => None,
        }
    }

    /// The values, if it is an array, a set or a push.
    #[must_use]
    pub fn as_values(&self) -> Option<&[Value]> {
        match self {
            Self::Array(values) | Self::Set(values) | Self::Push(values) => Some(values),
            _ => None,
        }
    }

    /// Whether it is a null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value itself, without attributes.
    #[must_use]
    pub fn without_attributes(self) -> Self {
        match self {
            Self::Attributed(attributed) => attributed.value.without_attributes(),
            value => value,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Simple(text) => write!(f, "Simple({text:?})"),
            Self::Error(error) => error.fmt(f),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Bulk(bytes) => bytes.fmt(f),
            Self::Double(value) => write!(f, "{value:?}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::BigNumber(digits) => write!(f, "BigNumber({digits:?})"),
            Self::Verbatim { format, text } => write!(f, "Verbatim({}, {text:?})", format.escape_ascii()),
            Self::Array(values) => f.debug_list().entries(values).finish(),
            Self::Map(pairs) => f
                .debug_map()
                .entries(pairs.iter().map(|(key, value)| (key, value)))
                .finish(),
            Self::Set(values) => f.debug_set().entries(values).finish(),
            Self::Push(values) => f.debug_tuple("Push").field(values).finish(),
            Self::Attributed(attributed) => attributed.fmt(f),
        }
    }
}

impl ReplyWriter<'_> {
    /// A value of any type, in the version that the client speaks. Of one with attributes, RESP2 gets the value alone.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Simple(text) => self.simple_bytes(text),
            Value::Error(error) => self.any_error(error.as_bytes()),
            Value::Integer(value) => self.integer(*value),
            Value::Bulk(bytes) => self.bulk_bytes(bytes.clone()),
            Value::Double(value) => self.double(*value),
            Value::Boolean(value) => self.boolean(*value),
            Value::BigNumber(digits) => self.number(b'(', digits),
            Value::Verbatim { format, text } => self.verbatim(*format, text),
            Value::Array(values) => {
                self.array(values.len());
                self.values(values);
            }
            Value::Set(values) => {
                self.set(values.len());
                self.values(values);
            }
            Value::Push(values) => {
                self.push(values.len());
                self.values(values);
            }
            Value::Map(pairs) => {
                self.map(pairs.len());
                self.pairs(pairs);
            }
            Value::Attributed(attributed) => {
                if self.attributes(attributed.attributes.len()) {
                    self.pairs(&attributed.attributes);
                }
                self.value(&attributed.value);
            }
        }
    }

    fn values(&mut self, values: &[Value]) {
        for value in values {
            self.value(value);
        }
    }

    fn pairs(&mut self, pairs: &[(Value, Value)]) {
        for (key, value) in pairs {
            self.value(key);
            self.value(value);
        }
    }

    /// A simple error if it can be one, and is of a length that a line has.
    fn any_error(&mut self, text: &[u8]) {
        if text.len() > LINE || memchr::memchr2(b'\r', b'\n', text).is_some() {
            self.bulk_error(text);
        } else {
            self.error(text);
        }
    }
}
