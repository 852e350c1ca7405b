//! Bytes to values: what a client reads.

mod build;
mod token;

use bytes::BytesMut;
use wirework_codec::{Decoder, ReadBuf, Span};

use self::build::Builder;
use self::token::{Limits, Token};
use crate::{ServerError, Value, ValueError};

/// The longest string, unless set otherwise: 512 MiB, which is the longest that Redis stores.
const MAX_BULK: usize = 512 * 1024 * 1024;

/// The most values of an aggregate, unless set otherwise.
const MAX_COUNT: usize = 16 * 1024 * 1024;

/// The longest line, unless set otherwise: 64 KiB.
const MAX_LINE: usize = 64 * 1024;

/// How deep aggregates may be nested, unless set otherwise.
const MAX_DEPTH: usize = 128;

/// How deep they may be nested at most: values are built and dropped on the stack.
const DEEPEST: usize = 512;

/// Decodes values of RESP2 and RESP3, which need not be told apart.
///
/// A value that has come in part is not looked at again from its start when more of it comes.
///
/// # Limits
/// | | default | set with |
/// |---|---|---|
/// | bytes of a string | 512 MiB | [`max_bulk`](Self::max_bulk) |
/// | values of an aggregate | 16,777,216 | [`max_count`](Self::max_count) |
/// | bytes of a line | 64 KiB | [`max_line`](Self::max_line) |
/// | depth of aggregates in aggregates | 128 | [`max_depth`](Self::max_depth) |
///
/// What of a value has come is buffered until all of it has, and [`Framed`] has a bound of its own for that, which is 2 MiB
/// unless set: raise [`max_buffered`] where longer ones are expected.
///
/// [`Framed`]: https://docs.rs/wirework/latest/wirework/struct.Framed.html
/// [`max_buffered`]: https://docs.rs/wirework/latest/wirework/struct.Framed.html#method.max_buffered
///
/// ```
/// use wirework_codec::Deframer;
/// use wirework_resp::{Value, ValueDecoder};
///
/// let mut deframer = Deframer::new(ValueDecoder::new());
/// deframer.push(b"*3\r\n:1\r\n#t\r\n$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n");
/// let expected = [Value::Integer(1), Value::Boolean(true), Value::Bulk("Hello".into())];
/// assert_eq!(deframer.next()?, Some(Value::Array(expected.into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ValueDecoder {
    limits: Limits,
    max_depth: usize,
    /// What has begun and not ended, from the outside in.
    open: Vec<Open>,
    /// So far the next value is known.
    at: usize,
    /// So far the line at `at` was searched for its end.
    searched: usize,
}

/// Something that has begun and not ended.
#[derive(Debug, Clone, Copy)]
enum Open {
    /// So many values are to come.
    Counted(usize),
    /// Any number of values, and then an end. There have been so many.
    Streamed { count: usize, in_pairs: bool },
    /// So many keys and values of attributes are to come, which are not a value themselves.
    Attributes(usize),
    /// Chunks of a string, of which there have been so many bytes.
    Chunks(usize),
}

impl ValueDecoder {
    /// The decoder with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            limits: Limits {
                bulk: MAX_BULK,
                count: MAX_COUNT,
                line: MAX_LINE,
            },
            max_depth: MAX_DEPTH,
            open: Vec::new(),
            at: 0,
            searched: 0,
        }
    }

    /// Sets how long a string may be, in bytes; 512 MiB unless set.
    #[must_use]
    pub const fn max_bulk(mut self, bytes: usize) -> Self {
        self.limits.bulk = bytes;
        self
    }

    /// Sets how many values an aggregate may have, a key and its value counting as two; 16,777,216 unless set.
    #[must_use]
    pub const fn max_count(mut self, values: usize) -> Self {
        self.limits.count = values;
        self
    }

    /// Sets how long a line may be, in bytes: a simple string, an error or a number; 64 KiB unless set.
    #[must_use]
    pub const fn max_line(mut self, bytes: usize) -> Self {
        self.limits.line = bytes;
        self
    }

    /// Sets how deep aggregates may be nested; 128 unless set. Attributes count as two.
    ///
    /// # Panics
    /// Panics if `depth` is more than 512.
    #[must_use]
    pub const fn max_depth(mut self, depth: usize) -> Self {
        assert!(depth <= DEEPEST, "values can be nested 512 deep at most");
        self.max_depth = depth;
        self
    }

    /// Where the next value ends, if it is complete.
    fn scan(&mut self, src: &[u8]) -> Result<Option<usize>, ValueError> {
        loop {
            let Some((token, end)) = self.limits.token(src, self.at, &mut self.searched)? else {
                return Ok(None);
            };
            self.at = end;
            if self.take(&token)? {
                self.at = 0;
                return Ok(Some(end));
            }
        }
    }

    /// Takes a token into account. Says whether it was the last one of a value.
    fn take(&mut self, token: &Token) -> Result<bool, ValueError> {
        if let Some(Open::Chunks(len)) = self.open.last_mut() {
            let Token::Chunk(chunk) = token else {
                return Err(ValueError::MisplacedChunk);
            };
            *len += chunk.len();
            if *len > self.limits.bulk {
                return Err(ValueError::TooLong {
                    limit: self.limits.bulk,
                });
            }
            return Ok(chunk.is_empty() && self.close());
        }
        match self.open.last() {
            Some(Open::Streamed { count, .. }) if *count >= self.limits.count && !matches!(token, Token::End) => {
                let limit = self.limits.count;
                return Err(ValueError::TooMany { limit });
            }
            _ => {}
        }
        match token {
            Token::Null
            | Token::Line { .. }
            | Token::Blob { .. }
            | Token::Aggregate {
                count: Some(0),
                kind: b'*' | b'~' | b'%',
            } => Ok(self.has_value()),
            Token::Chunk(_) => Err(ValueError::MisplacedChunk),
            Token::Chunks => self.begin(Open::Chunks(0)),
            Token::Aggregate { kind: b'>', .. } if !self.open.is_empty() => Err(ValueError::NestedPush),
            Token::Aggregate {
                kind: b'>',
                count: Some(0),
            } => Ok(true),
            Token::Aggregate { kind, count: None } => self.begin(Open::Streamed {
                count: 0,
                in_pairs: *kind == b'%',
            }),
            Token::Aggregate {
                kind: b'|',
                count: Some(count),
            } => {
                // The value that they belong to is still to come.
                self.begin(Open::Counted(1))?;
                if *count == 0 {
                    return Ok(false);
                }
                self.begin(Open::Attributes(*count))
            }
            Token::Aggregate { count: Some(count), .. } => self.begin(Open::Counted(*count)),
            Token::End => match self.open.last() {
                Some(Open::Streamed { count, in_pairs }) if !in_pairs || count % 2 == 0 => Ok(self.close()),
                _ => Err(ValueError::UnexpectedEnd),
            },
        }
    }

    fn begin(&mut self, open: Open) -> Result<bool, ValueError> {
        if self.open.len() >= self.max_depth {
            return Err(ValueError::TooDeep { limit: self.max_depth });
        }
        self.open.push(open);
        Ok(false)
    }

    /// What was begun last has ended.
    fn close(&mut self) -> bool {
        self.open.pop();
        self.has_value()
    }

    /// A value has ended. Says whether it was not within another.
    fn has_value(&mut self) -> bool {
        while let Some(open) = self.open.last_mut() {
            match open {
                Open::Counted(left @ 2..) | Open::Attributes(left @ 2..) => *left -= 1,
                Open::Attributes(_) => {
                    self.open.pop();
                    return false;
                }
                Open::Streamed { count, .. } => *count += 1,
                Open::Counted(_) | Open::Chunks(_) => {
                    self.open.pop();
                    continue;
                }
            }
            return false;
        }
        true
    }

    /// A value that is one token, and how long it is: most replies are, and need no list of what is open.
    #[inline]
    fn single(&mut self, src: &mut ReadBuf) -> Result<Option<Value>, ValueError> {
        if self.at > 0 {
            return Ok(None);
        }
        let bytes = src.bytes();
        let Some((token, end)) = self.limits.token(bytes, 0, &mut self.searched)? else {
            return Ok(None);
        };
        let place = match token {
            Token::Null => {
                src.advance(end);
                return Ok(Some(Value::Null));
            }
            Token::Line { kind: b':', place } => {
                let value = token::integer(&bytes[place])?;
                src.advance(end);
                return Ok(Some(Value::Integer(value)));
            }
            Token::Line { kind: b'+', place } if &bytes[place.clone()] == b"OK" => {
                src.advance(end);
                return Ok(Some(Value::Simple("OK".into())));
            }
            Token::Line {
                kind: b'+' | b'-',
                ref place,
            }
            | Token::Blob { kind: b'$', ref place } => place.clone(),
            _ => return Ok(None),
        };
        let kind = bytes[0];
        let text = src.take_bytes(&Span::new(place, end));
        Ok(Some(match kind {
            b'+' => Value::Simple(text),
            b'-' => Value::Error(ServerError::new(text)),
            _ => Value::Bulk(text),
        }))
    }
}

impl Default for ValueDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for ValueDecoder {
    type Item = Value;
    type Error = ValueError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Value>, ValueError> {
        let Some(end) = self.scan(src)? else {
            return Ok(None);
        };
        let frame = src.split_to(end).freeze();
        Builder::new(&frame, self.limits).value().map(Some)
    }

    fn decode_from(&mut self, src: &mut ReadBuf, _: bool) -> Result<Option<Value>, ValueError> {
        if let Some(value) = self.single(src)? {
            return Ok(Some(value));
        }
        let Some(end) = self.scan(src.bytes())? else {
            return Ok(None);
        };
        let frame = src.take_bytes(&Span::new(0..end, end));
        Builder::new(&frame, self.limits).value().map(Some)
    }
}
