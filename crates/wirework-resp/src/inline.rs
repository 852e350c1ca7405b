//! Commands on a line, as people type them: words, some of them in quotes.
//!
//! The rules are Redis's (`sdssplitargs`), so that what works there works here.

use std::ops::Range;

use crate::CommandError;

/// Whether there is nothing on the line.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !is_space(**byte));
    // For Redis, a zero ends the line.
    first.is_none_or(|byte| *byte == 0)
}

/// Splits a line into words, undoing quotes and escapes in place. `found` is told where each word lies then.
pub(crate) fn split(line: &mut [u8], mut found: impl FnMut(Range<usize>)) -> Result<(), CommandError> {
    let len = memchr::memchr(0, line).unwrap_or(line.len());
    let line = &mut line[..len];
    let mut at = 0;
    loop {
        while line.get(at).copied().is_some_and(is_space) {
            at += 1;
        }
        if at == line.len() {
            return Ok(());
        }
        let start = at;
        let mut end = at;
        at = word(line, at, &mut end)?;
        found(start..end);
    }
}

/// Reads the word at `at`, and writes it, unquoted, to `end` and on. Gives the place behind it.
fn word(line: &mut [u8], mut at: usize, end: &mut usize) -> Result<usize, CommandError> {
    while let Some(&byte) = line.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return Ok(at),
            b'"' | b'\'' => {
                at = quoted(line, at + 1, byte, end)?;
                // Nothing but a space can follow a quote.
                return match line.get(at) {
                    Some(&next) if !is_space(next) => Err(CommandError::UnbalancedQuotes),
                    _ => Ok(at),
                };
            }
            _ => {
                put(line, end, byte);
                at += 1;
            }
        }
    }
    Ok(at)
}

/// As [`word`], within quotes; gives the place behind the closing one.
fn quoted(line: &mut [u8], mut at: usize, quote: u8, end: &mut usize) -> Result<usize, CommandError> {
    loop {
        let (byte, len) = match (quote, line.get(at..).unwrap_or_default()) {
            (_, []) => return Err(CommandError::UnbalancedQuotes),
            (_, [byte, ..]) if *byte == quote => return Ok(at + 1),
            (b'"', [b'\\', rest @ ..]) if !rest.is_empty() => escaped(rest),
            (b'\'', [b'\\', b'\'', ..]) => (b'\'', 2),
            (_, [byte, ..]) => (*byte, 1),
        };
        put(line, end, byte);
        at += len;
    }
}

/// What an escape stands for, and how many bytes it takes with its backslash.
fn escaped(rest: &[u8]) -> (u8, usize) {
    if let [b'x', high, low, ..] = rest
        && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
    {
        return ((high * 16 + low).to_le_bytes()[0], 4);
    }
    let byte = match rest[0] {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    };
    (byte, 2)
}

fn put(line: &mut [u8], end: &mut usize, byte: u8) {
    line[*end] = byte;
    *end += 1;
}

/// What C calls a space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, CommandError> {
        let mut bytes = line.to_vec();
        let mut places = Vec::new();
        split(&mut bytes, |place| places.push(place))?;
        Ok(places.into_iter().map(|place| bytes[place].to_vec()).collect())
    }

    #[test]
    fn words_are_split_and_unquoted() {
        for (line, expected) in [
            (&b"SET key value"[..], &[&b"SET"[..], b"key", b"value"][..]),
            (b"  GET \t key  ", &[b"GET", b"key"]),
            (b"SET k \"two words\"", &[b"SET", b"k", b"two words"]),
            (b"SET k ''", &[b"SET", b"k", b""]),
            (br#"SET k "\x41\n\"\\\q""#, &[b"SET", b"k", b"A\n\"\\q"]),
            (br"SET k 'it\'s \n'", &[b"SET", b"k", br"it's \n"]),
            (b"SET k pre\"fix\" x", &[b"SET", b"k", b"prefix", b"x"]),
            (br#"ECHO "\xzz""#, &[b"ECHO", b"xzz"]),
            (b"PING\0 ignored", &[b"PING"]),
            (b"A\x0bB", &[b"A\x0bB"]),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn quotes_must_be_closed_and_stand_alone() {
        for line in [
            &b"SET \"k"[..],
            b"SET 'k",
            b"SET \"k\"v",
            b"SET 'k''v'",
            b"SET \"k\\",
            b"SET \"k\\\"",
            b"\"a\0\"",
        ] {
            assert_eq!(
                words(line),
                Err(CommandError::UnbalancedQuotes),
                "{}",
                String::from_utf8_lossy(line)
            );
        }
    }

    #[test]
    fn blank_lines_have_no_words() {
        for line in [&b""[..], b"  \t\r", b"\0GET", b" \0"] {
            assert!(is_blank(line));
            assert_eq!(words(line), Ok(Vec::new()));
        }
        assert!(!is_blank(b" x"));
    }
}
