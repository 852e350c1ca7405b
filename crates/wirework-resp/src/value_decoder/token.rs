//! The smallest parts of values: a line, a string, the beginning of an aggregate.
//!
//! Both passes use them, the one that finds where a value ends and the one that builds it, so that they agree.

use std::ops::Range;

use memchr::memchr;

use crate::ValueError;
use crate::number;

/// Where strings lie is counted from the start of the value.
#[derive(Debug)]
pub(super) enum Token {
    /// A null of any kind.
    Null,
    /// A value on a line: `+`, `-`, `:`, `,`, `(` or `#`.
    Line { kind: u8, place: Range<usize> },
    /// A string behind its length: `$`, `!` or `=`.
    Blob { kind: u8, place: Range<usize> },
    /// A streamed string begins.
    Chunks,
    /// A part of a streamed string; an empty one ends it.
    Chunk(Range<usize>),
    /// An aggregate begins, of so many values, or one that has an end: `*`, `~`, `>`, `%` or `|`.
    Aggregate { kind: u8, count: Option<usize> },
    /// A streamed aggregate ends.
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bulk: usize,
    pub(super) count: usize,
    pub(super) line: usize,
}

impl Limits {
    /// The token at `at`, and the place behind it, if it is complete. Remembers in `searched` how far its line was looked at.
    pub(super) fn token(
        &self,
        src: &[u8],
        at: usize,
        searched: &mut usize,
    ) -> Result<Option<(Token, usize)>, ValueError> {
        let Some(&kind) = src.get(at) else {
            return Ok(None);
        };
        if !b"+-:,(#_$!=;*~>%|.".contains(&kind) {
            return Err(ValueError::UnknownType { byte: kind });
        }
        let Some(next) = self.line_end(src, at, searched)? else {
            return Ok(None);
        };
        let place = at + 1..next - 2;
        let line = &src[place.clone()];
        let token = match kind {
            b'$' | b'!' | b'=' | b';' => return self.blob(src, kind, line, next),
            b'*' | b'~' | b'>' | b'%' | b'|' => self.aggregate(kind, line)?,
            b'.' if line.is_empty() => Token::End,
            b'.' => return Err(ValueError::UnexpectedEnd),
            b'_' if line.is_empty() => Token::Null,
            b'_' => return Err(ValueError::NotNull),
            _ => {
                check_line(kind, line)?;
                Token::Line { kind, place }
            }
        };
        Ok(Some((token, next)))
    }

    /// Where the line at `at` ends, with its line break.
    fn line_end(&self, src: &[u8], at: usize, searched: &mut usize) -> Result<Option<usize>, ValueError> {
        let too_long = ValueError::LineTooLong { limit: self.line };
        let from = (*searched).clamp(at, src.len());
        let Some(found) = memchr(b'\n', &src[from..]) else {
            *searched = src.len();
            // A type, the line, and half a line break.
            return if src.len() - at > self.line.saturating_add(2) {
                Err(too_long)
            } else {
                Ok(None)
            };
        };
        *searched = 0;
        let next = from + found + 1;
        // Before all else, for it is what is said when the line comes in pieces.
        if next - at > self.line.saturating_add(3) {
            return Err(too_long);
        }
        if next - at < 3 || src[next - 2] != b'\r' {
            return Err(ValueError::NoLineBreak);
        }
        Ok(Some(next))
    }

    fn blob(&self, src: &[u8], kind: u8, line: &[u8], start: usize) -> Result<Option<(Token, usize)>, ValueError> {
        match (kind, line) {
            (b'$', b"?") => return Ok(Some((Token::Chunks, start))),
            (b'$', b"-1") => return Ok(Some((Token::Null, start))),
            _ => {}
        }
        let len = length(line)?;
        if len > self.bulk {
            return Err(ValueError::TooLong { limit: self.bulk });
        }
        if kind == b';' && len == 0 {
            return Ok(Some((Token::Chunk(start..start), start)));
        }
        let end = start.saturating_add(len);
        match src.get(end..) {
            Some([b'\r', b'\n', ..]) => {}
            Some([] | [b'\r']) | None => return Ok(None),
            Some(_) => return Err(ValueError::NoLineBreak),
        }
        let place = start..end;
        let token = match kind {
            b';' => Token::Chunk(place),
            b'=' if !matches!(src[place.clone()], [_, _, _, b':', ..]) => return Err(ValueError::NoFormat),
            _ => Token::Blob { kind, place },
        };
        Ok(Some((token, end + 2)))
    }

    fn aggregate(&self, kind: u8, line: &[u8]) -> Result<Token, ValueError> {
        if kind == b'*' && line == b"-1" {
            return Ok(Token::Null);
        }
        if line == b"?" && matches!(kind, b'*' | b'~' | b'%') {
            return Ok(Token::Aggregate { kind, count: None });
        }
        let factor = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
        let count = length(line)?.saturating_mul(factor);
        if count > self.count {
            return Err(ValueError::TooMany { limit: self.count });
        }
        Ok(Token::Aggregate {
            kind,
            count: Some(count),
        })
    }
}

/// An integer as a value, which may have a plus in front.
pub(super) fn integer(line: &[u8]) -> Result<i64, ValueError> {
    let line = match line {
        [b'+', digits @ ..] if digits.first() != Some(&b'-') => digits,
        line => line,
    };
    number::integer(line).ok_or(ValueError::NotANumber)
}

pub(super) fn double(line: &[u8]) -> Result<f64, ValueError> {
    match line {
        b"inf" | b"+inf" => Ok(f64::INFINITY),
        b"-inf" => Ok(f64::NEG_INFINITY),
        b"nan" | b"-nan" => Ok(f64::NAN),
        digits => {
            let is_number = digits
                .iter()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
            let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
            text.and_then(|text| text.parse().ok()).ok_or(ValueError::NotANumber)
        }
    }
}

fn check_line(kind: u8, line: &[u8]) -> Result<(), ValueError> {
    match kind {
        b':' => integer(line).map(|_| ()),
        b',' => double(line).map(|_| ()),
        b'(' => big_number(line),
        b'#' if !matches!(line, b"t" | b"f") => Err(ValueError::NotABoolean),
        b'#' => Ok(()),
        _ if memchr(b'\r', line).is_some() => Err(ValueError::NoLineBreak),
        _ => Ok(()),
    }
}

fn big_number(line: &[u8]) -> Result<(), ValueError> {
    let digits = line.strip_prefix(b"-").or(line.strip_prefix(b"+")).unwrap_or(line);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_number { Ok(()) } else { Err(ValueError::NotANumber) }
}

fn length(line: &[u8]) -> Result<usize, ValueError> {
    let len = number::integer(line).and_then(|len| usize::try_from(len).ok());
    len.ok_or(ValueError::NotALength)
}
