//! Builds a value of bytes that were found to be one.

use bytes::{Bytes, BytesMut};

use super::token::{self, Limits, Token};
use crate::value::Attributed;
use crate::{ServerError, Value, ValueError};

/// Aggregates are given room for so many values at first: a count alone is not to cost memory.
const ROOM: usize = 1024;

pub(super) struct Builder<'a> {
    frame: &'a Bytes,
    limits: Limits,
    at: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(frame: &'a Bytes, limits: Limits) -> Self {
        Self { frame, limits, at: 0 }
    }

    /// The next value. How deep it calls itself is bounded by the scan that has found where the value ends.
    pub(super) fn value(&mut self) -> Result<Value, ValueError> {
        let token = self.token()?;
        self.value_of(token)
    }

    fn value_of(&mut self, token: Token) -> Result<Value, ValueError> {
        Ok(match token {
            Token::Null => Value::Null,
            Token::Line { kind: b':', place } => Value::Integer(token::integer(&self.frame[place])?),
            Token::Line { kind: b',', place } => Value::Double(token::double(&self.frame[place])?),
            Token::Line { kind: b'#', place } => Value::Boolean(&self.frame[place] == b"t"),
            Token::Line { kind: b'(', place } => Value::BigNumber(self.frame.slice(place)),
            Token::Line { kind: b'-', place } | Token::Blob { kind: b'!', place } => {
                Value::Error(ServerError::new(self.frame.slice(place)))
            }
            Token::Line { place, .. } => Value::Simple(self.frame.slice(place)),
            Token::Blob { kind: b'=', place } => verbatim(&self.frame.slice(place))?,
            Token::Blob { place, .. } => Value::Bulk(self.frame.slice(place)),
            Token::Chunks => self.chunks()?,
            Token::Aggregate { kind: b'%', count } => Value::Map(self.pairs(count)?),
            Token::Aggregate { kind: b'|', count } => {
                let attributes = self.pairs(count)?;
                let value = self.value()?;
                Value::Attributed(Box::new(Attributed { attributes, value }))
            }
            Token::Aggregate { kind: b'~', count } => Value::Set(self.values(count)?),
            Token::Aggregate { kind: b'>', count } => Value::Push(self.values(count)?),
            Token::Aggregate { count, .. } => Value::Array(self.values(count)?),
            Token::Chunk(_) => return Err(ValueError::MisplacedChunk),
            Token::End => return Err(ValueError::UnexpectedEnd),
        })
    }

    fn token(&mut self) -> Result<Token, ValueError> {
        let found = self.limits.token(self.frame, self.at, &mut 0)?;
        let (token, end) = found.expect("the scan has found a whole value");
        self.at = end;
        Ok(token)
    }

    fn values(&mut self, count: Option<usize>) -> Result<Vec<Value>, ValueError> {
        let Some(count) = count else {
            return self.streamed();
        };
        let mut values = Vec::with_capacity(count.min(ROOM));
        for _ in 0..count {
            values.push(self.value()?);
        }
        Ok(values)
    }

    /// The values up to an end.
    fn streamed(&mut self) -> Result<Vec<Value>, ValueError> {
        let mut values = Vec::new();
        loop {
            match self.token()? {
                Token::End => return Ok(values),
                token => values.push(self.value_of(token)?),
            }
        }
    }

    fn pairs(&mut self, count: Option<usize>) -> Result<Vec<(Value, Value)>, ValueError> {
        let mut pairs = Vec::with_capacity(count.unwrap_or(0).min(ROOM) / 2);
        let mut left = count;
        while left != Some(0) {
            let key = match self.token()? {
                Token::End => break,
                token => self.value_of(token)?,
            };
            pairs.push((key, self.value()?));
            left = left.map(|left| left - 2);
        }
        Ok(pairs)
    }

    /// A streamed string, put together.
    fn chunks(&mut self) -> Result<Value, ValueError> {
        let mut whole = BytesMut::new();
        loop {
            match self.token()? {
                Token::Chunk(place) if place.is_empty() => return Ok(Value::Bulk(whole.freeze())),
                Token::Chunk(place) => whole.extend_from_slice(&self.frame[place]),
                _ => return Err(ValueError::MisplacedChunk),
            }
        }
    }
}

fn verbatim(bytes: &Bytes) -> Result<Value, ValueError> {
    match **bytes {
        [a, b, c, b':', ..] => Ok(Value::Verbatim {
            format: [a, b, c],
            text: bytes.slice(4..),
        }),
        _ => Err(ValueError::NoFormat),
    }
}
