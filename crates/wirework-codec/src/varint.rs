//! Unsigned integers in as few bytes as they need, seven bits in each, the least significant first (LEB128, and Protocol
//! Buffers' "base 128 varints").

/// The longest encoding of a `u64`, in bytes.
pub(crate) const MAX_VARINT: usize = 10;

/// What the front of some bytes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Varint {
    /// More bytes are needed.
    Incomplete,
    /// The number, and how many bytes it takes.
    Complete(u64, usize),
    /// It does not fit a `u64`.
    TooLarge,
}

/// Reads a number off the front of `src`. Needless zero bits are accepted, as Protocol Buffers does.
#[inline]
pub(crate) fn read_varint(src: &[u8]) -> Varint {
    match src {
        [byte, ..] if *byte < 0x80 => Varint::Complete(u64::from(*byte), 1),
        [low, high, ..] if *high < 0x80 => Varint::Complete(u64::from(*low & 0x7f) | u64::from(*high) << 7, 2),
        _ => read_long_varint(src),
    }
}

fn read_long_varint(src: &[u8]) -> Varint {
    let mut value = 0;
    for (index, byte) in src.iter().take(MAX_VARINT).enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte holds the last of 64 bits.
        if index == MAX_VARINT - 1 && *byte > 1 {
            return Varint::TooLarge;
        }
        value |= bits << (7 * index);
        if *byte < 0x80 {
            return Varint::Complete(value, index + 1);
        }
    }
    Varint::Incomplete
}

/// The bytes of `value`: the first so many of the array.
#[inline]
pub(crate) fn write_varint(mut value: u64) -> ([u8; MAX_VARINT], usize) {
    let mut bytes = [0; MAX_VARINT];
    let mut len = 0;
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        bytes[len] = if value == 0 { low } else { low | 0x80 };
        len += 1;
        if value == 0 {
            return (bytes, len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_round_trip() {
        for shift in 0..64 {
            for value in [1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let (bytes, len) = write_varint(value);
                assert_eq!(read_varint(&bytes[..len]), Varint::Complete(value, len));
                for cut in 0..len {
                    assert_eq!(read_varint(&bytes[..cut]), Varint::Incomplete);
                }
            }
        }
        assert_eq!(write_varint(300), ([0xac, 2, 0, 0, 0, 0, 0, 0, 0, 0], 2));
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        assert_eq!(read_varint(&[0xff; 10]), Varint::TooLarge);
        assert_eq!(read_varint(&[0xff; 9]), Varint::Incomplete);
        let two = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2];
        assert_eq!(read_varint(&two), Varint::TooLarge);
        assert_eq!(read_varint(&[0x81, 0x80, 0]), Varint::Complete(1, 3));
    }
}
