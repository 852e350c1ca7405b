//! What can be made of a reply.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use bytes::Bytes;

use super::RedisError;
use crate::Value;

/// What can be made of a reply. An error of the server's makes an error of anything but a [`Value`], wherever it is.
///
/// RESP2 and RESP3 answer in different types; what is made of them is the same.
pub trait FromValue: Sized {
    /// Makes it of `value`.
    ///
    /// # Errors
    /// Fails when `value` is an error of the server's, or of another type.
    fn from_value(value: Value) -> Result<Self, RedisError>;
}

/// The value without attributes; an error is one.
fn plain(value: Value) -> Result<Value, RedisError> {
    match value.without_attributes() {
        Value::Error(error) => Err(error.into()),
        value => Ok(value),
    }
}

fn unexpected<T>(expected: &'static str, got: &Value) -> Result<T, RedisError> {
    Err(RedisError::unexpected(expected, got))
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        Ok(value)
    }
}

/// Anything but an error.
impl FromValue for () {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        plain(value).map(|_| ())
    }
}

impl FromValue for Bytes {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let value = plain(value)?;
        match value.as_bytes() {
            Some(bytes) => Ok(bytes.clone()),
            None => unexpected("a string", &value),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let value = plain(value)?;
        let text = value.as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.map_or_else(|| unexpected("a text in UTF-8", &value), |text| Ok(text.to_owned()))
    }
}

/// An integer, or a string of digits.
impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let value = plain(value)?;
        match &value {
            Value::Integer(value) => return Ok(*value),
            Value::Boolean(value) => return Ok((*value).into()),
            _ => {}
        }
        let parsed = value.as_bytes().and_then(|bytes| crate::number::integer(bytes));
        parsed.map_or_else(|| unexpected("an integer", &value), Ok)
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let integer = i64::from_value(value)?;
        u64::try_from(integer).or_else(|_| unexpected("an integer that is not negative", &Value::Integer(integer)))
    }
}

impl FromValue for usize {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let integer = i64::from_value(value)?;
        usize::try_from(integer).or_else(|_| unexpected("a count", &Value::Integer(integer)))
    }
}

/// A double, an integer, or a string of a number.
impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let value = plain(value)?;
        if let Value::Double(value) = value {
            return Ok(value);
        }
        let text = match &value {
            Value::Integer(value) => Some(value.to_string()),
            value => value
                .as_bytes()
                .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()),
        };
        let parsed = text.and_then(|text| text.parse().ok());
        parsed.map_or_else(|| unexpected("a number", &value), Ok)
    }
}

/// A boolean, 1 or 0, or `OK` or a null.
impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        match plain(value)? {
            Value::Boolean(value) => Ok(value),
            Value::Integer(1) => Ok(true),
            Value::Integer(0) | Value::Null => Ok(false),
            Value::Simple(text) if text == "OK" => Ok(true),
            other => unexpected("a boolean", &other),
        }
    }
}

/// `None` of a null.
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        match plain(value)? {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// Of an array or a set.
impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        match plain(value)? {
            Value::Array(values) | Value::Set(values) | Value::Push(values) => {
                values.into_iter().map(T::from_value).collect()
            }
            other => unexpected("an array", &other),
        }
    }
}

/// Of an array of two.
impl<A: FromValue, B: FromValue> FromValue for (A, B) {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        let values = Vec::<Value>::from_value(value)?;
        match <[Value; 2]>::try_from(values) {
            Ok([first, second]) => Ok((A::from_value(first)?, B::from_value(second)?)),
            Err(values) => unexpected("an array of two", &Value::Array(values)),
        }
    }
}

/// Of a map, of an array of keys and values, or of an array of pairs.
fn pairs<K: FromValue, V: FromValue>(value: Value) -> Result<Vec<(K, V)>, RedisError> {
    let pair = |(key, value)| Ok((K::from_value(key)?, V::from_value(value)?));
    match plain(value)? {
        Value::Map(pairs) => pairs.into_iter().map(pair).collect(),
        Value::Array(values) if values.iter().all(|value| matches!(value, Value::Array(_))) => {
            values.into_iter().map(<(K, V)>::from_value).collect()
        }
        Value::Array(values) if values.len() % 2 == 0 => {
            let mut values = values.into_iter();
            let mut pairs = Vec::with_capacity(values.len() / 2);
            while let (Some(key), Some(value)) = (values.next(), values.next()) {
                pairs.push(pair((key, value))?);
            }
            Ok(pairs)
        }
        other => unexpected("a map", &other),
    }
}

impl<K: FromValue + Ord, V: FromValue> FromValue for BTreeMap<K, V> {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        Ok(pairs(value)?.into_iter().collect())
    }
}

impl<K: FromValue + Eq + Hash, V: FromValue, S: BuildHasher + Default> FromValue for HashMap<K, V, S> {
    fn from_value(value: Value) -> Result<Self, RedisError> {
        Ok(pairs(value)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, ServerError};

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.to_owned().into())
    }

    #[test]
    fn both_versions_give_the_same() {
        for value in [Value::Integer(1), Value::Boolean(true)] {
            assert!(bool::from_value(value.clone()).unwrap());
            assert_eq!(i64::from_value(value).unwrap(), 1);
        }
        for value in [Value::Double(1.5), bulk("1.5")] {
            assert_eq!(f64::from_value(value).unwrap().to_bits(), 1.5_f64.to_bits());
        }
        let expected = BTreeMap::from([("a".to_owned(), 1_i64), ("b".to_owned(), 2)]);
        let flat = vec![bulk("a"), bulk("1"), bulk("b"), bulk("2")];
        let nested = vec![
            Value::Array(vec![bulk("a"), Value::Integer(1)]),
            Value::Array(vec![bulk("b"), bulk("2")]),
        ];
        let map = vec![(bulk("a"), bulk("1")), (bulk("b"), bulk("2"))];
        for value in [Value::Array(flat), Value::Array(nested), Value::Map(map)] {
            assert_eq!(BTreeMap::from_value(value).unwrap(), expected);
        }
        for value in [Value::Array(vec![bulk("x")]), Value::Set(vec![bulk("x")])] {
            assert_eq!(Vec::<String>::from_value(value).unwrap(), ["x"]);
        }
    }

    #[test]
    fn errors_come_through_wherever_they_are() {
        let error = || Value::Error(ServerError::new("WRONGTYPE no"));
        let nested = || Value::Array(vec![Value::Integer(1), error()]);
        assert_eq!(
            <()>::from_value(error()).unwrap_err().code(),
            Some(ErrorCode::WrongType)
        );
        assert_eq!(
            Option::<Bytes>::from_value(error()).unwrap_err().code(),
            Some(ErrorCode::WrongType)
        );
        assert_eq!(
            Vec::<i64>::from_value(nested()).unwrap_err().code(),
            Some(ErrorCode::WrongType)
        );
        assert_eq!(Vec::<Value>::from_value(nested()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_of_another_type_is_named() {
        let error = i64::from_value(bulk("x")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "reply is a bulk string, where an integer was expected"
        );
        assert!(u64::from_value(Value::Integer(-1)).is_err());
        assert!(String::from_value(Value::Bulk(Bytes::from_static(b"\xff"))).is_err());
        assert!(<(i64, i64)>::from_value(Value::Array(vec![Value::Integer(1)])).is_err());
        assert!(bool::from_value(Value::Integer(2)).is_err());
        assert!(Bytes::from_value(Value::Null).is_err());
    }
}
