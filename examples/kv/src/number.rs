//! Numbers in text, as Redis reads and writes them.

use crate::fault::Fault;

/// Reads an integer in the one form that [`itoa`] writes: no sign but `-`, no leading zeros, no spaces.
pub fn integer(text: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    match digits {
        [b'0'] if !is_negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    let mut value: i64 = 0;
    for digit in digits {
        let digit = i64::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
        // Counted downwards, since there is one more negative number.
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    if is_negative { Some(value) } else { value.checked_neg() }
}

/// Reads a number with a fraction, `inf` included, `nan` not.
pub fn float(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!value.is_nan()).then_some(value)
}

/// An argument that has to be an integer.
///
/// # Errors
/// As Redis says it.
pub fn parse(text: &[u8]) -> Result<i64, Fault> {
    integer(text).ok_or(Fault::NOT_AN_INTEGER)
}

/// An argument that has to be a number.
///
/// # Errors
/// As Redis says it.
pub fn parse_float(text: &[u8]) -> Result<f64, Fault> {
    float(text).ok_or(Fault::NOT_A_FLOAT)
}

/// An argument that counts something.
///
/// # Errors
/// As Redis says it.
pub fn parse_count(text: &[u8]) -> Result<usize, Fault> {
    usize::try_from(integer(text).ok_or(Fault::NOT_POSITIVE)?).map_err(|_| Fault::NOT_POSITIVE)
}

/// The shortest text that is read as the same number. Without an exponent, as `INCRBYFLOAT` stores it.
pub fn plain(value: f64) -> String {
    format!("{value}")
}

/// The part from `start` to `stop`, both counted from the end where they are negative, of something so long.
pub fn range(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let signed = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |place: i64| if place < 0 { (signed + place).max(0) } else { place };
    let (start, stop) = if stop < -signed {
        // Before the first one; the start may still be clamped to it.
        (0, 0)
    } else {
        (from_end(start), (from_end(stop) + 1).min(signed))
    };
    if start >= stop {
        return 0..0;
    }
    usize::try_from(start).unwrap_or(len)..usize::try_from(stop).unwrap_or(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "+1",
            " 1",
            "1 ",
            "1a",
            "9223372036854775808",
            "99999999999999999999",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn ranges_count_from_both_ends() {
        assert_eq!(range(0, -1, 5), 0..5);
        assert_eq!(range(-2, -1, 5), 3..5);
        assert_eq!(range(1, 100, 5), 1..5);
        assert_eq!(range(3, 1, 5), 0..0);
        assert_eq!(range(-100, -100, 5), 0..0);
        assert_eq!(range(5, 9, 5), 0..0);
        assert_eq!(range(0, 0, 0), 0..0);
    }
}
