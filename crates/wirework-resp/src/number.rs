//! Numbers as RESP writes them.
//!
//! Lengths and counts are on the way of every frame, so they are read and written without going through text formatting.

use std::io::Write;

/// As many bytes as a header takes at most: a type, a sign, 19 digits and a line break.
pub(crate) const HEADER: usize = 1 + 20 + 2;

/// An integer as Redis reads a length: an optional minus, no plus, no needless zero in front (`string2ll`).
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    match text {
        [b'0'] => Some(0),
        [b'-', digits @ ..] => magnitude(digits).and_then(|value| 0_i64.checked_sub_unsigned(value)),
        digits => magnitude(digits).and_then(|value| i64::try_from(value).ok()),
    }
}

/// Digits without a zero in front.
fn magnitude(digits: &[u8]) -> Option<u64> {
    let (first, rest) = digits.split_first()?;
    if !matches!(first, b'1'..=b'9') {
        return None;
    }
    rest.iter().try_fold(u64::from(first - b'0'), |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(digit.into())
    })
}

/// A type, an integer and a line break, at the end of `room`.
#[inline]
pub(crate) fn header(kind: u8, value: i64, room: &mut [u8; HEADER]) -> &[u8] {
    if (0..10).contains(&value) {
        // Most lengths of commands and replies are of few digits.
        let short = &mut room[HEADER - 4..];
        short.copy_from_slice(&[kind, b'0' + value.to_le_bytes()[0], b'\r', b'\n']);
        return short;
    }
    room[HEADER - 2..].copy_from_slice(b"\r\n");
    let mut at = HEADER - 2;
    let mut rest = value.unsigned_abs();
    while rest > 0 {
        at -= 1;
        room[at] = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
    }
    if value < 0 {
        at -= 1;
        room[at] = b'-';
    }
    at -= 1;
    room[at] = kind;
    &room[at..]
}

/// The digits of an integer, at the end of `room`.
pub(crate) fn digits(value: i64, room: &mut [u8; HEADER]) -> &[u8] {
    let line = header(b':', value, room);
    &line[1..line.len() - 2]
}

/// Room for a double as text.
pub(crate) const DOUBLE: usize = 40;

/// A double as Redis writes it: the shortest text that reads back as it, an integer without a point, and an exponent where
/// the digits would be many.
pub(crate) fn double(value: f64, room: &mut [u8; DOUBLE]) -> &[u8] {
    let mut rest = &mut room[..];
    let magnitude = value.abs();
    let written = if value.is_nan() {
        rest.write_all(b"nan")
    } else if value.is_infinite() {
        rest.write_all(if value > 0.0 { b"inf" } else { b"-inf" })
    } else if magnitude != 0.0 && !(1e-5..1e17).contains(&magnitude) {
        rest.write_all(with_exponent(value).as_bytes())
    } else {
        write!(rest, "{value}")
    };
    written.expect("a double has at most 25 characters");
    let left = rest.len();
    &room[..DOUBLE - left]
}

/// As C writes an exponent: with a sign, and at least two digits.
fn with_exponent(value: f64) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_redis_reads_them() {
        for (text, value) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-1", Some(-1)),
            ("1048577", Some(1_048_577)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            ("1 ", None),
            ("1a", None),
        ] {
            assert_eq!(integer(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn headers_are_the_integer_in_decimal() {
        for value in [0, 9, 10, 99, 100, 12_345, i64::MAX, -1, i64::MIN] {
            let mut room = [0; HEADER];
            assert_eq!(header(b'$', value, &mut room), format!("${value}\r\n").as_bytes());
            assert_eq!(digits(value, &mut room), value.to_string().as_bytes());
        }
    }

    #[test]
    fn doubles_are_short_and_exact() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (2.75, "2.75"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1.5e300, "1.5e+300"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            assert_eq!(double(value, &mut [0; DOUBLE]), text.as_bytes());
        }
    }
}
