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

/// So many digits behind the point are added exactly.
const DECIMALS: usize = 17;

/// Adds two numbers with fractions: exactly where they are written out, so that 0.1 and 0.2 make 0.3.
///
/// `None` if one of them is no number.
pub fn sum(one: &[u8], other: &[u8]) -> Option<Result<String, Fault>> {
    if let (Some(one), Some(other)) = (decimal(one), decimal(other))
        && let Some(sum) = one.checked_add(other)
    {
        return Some(Ok(written_out(sum)));
    }
    let sum = float(one)? + float(other)?;
    Some(if sum.is_finite() {
        Ok(plain(sum))
    } else {
        Err(Fault::NOT_FINITE)
    })
}

/// A number without an exponent, times 10 to the power of [`DECIMALS`].
fn decimal(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > DECIMALS {
        return None;
    }
    let value: i128 = format!("{whole}{fraction:0<DECIMALS$}").parse().ok()?;
    Some(if is_negative { -value } else { value })
}

fn written_out(value: i128) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = DECIMALS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - DECIMALS);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
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
    fn sums_are_exact() {
        for (one, other, expected) in [
            ("0.1", "0.2", "0.3"),
            ("3", "-3.5", "-0.5"),
            ("9223372036854775807", "0.5", "9223372036854775807.5"),
            ("1e2", "1", "101"),
            ("-0.5", "0.5", "0"),
        ] {
            assert_eq!(sum(one.as_bytes(), other.as_bytes()), Some(Ok(expected.to_owned())));
        }
        assert_eq!(sum(b"inf", b"1"), Some(Err(Fault::NOT_FINITE)));
        assert_eq!(sum(b"a", b"1"), None);
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
