//! Bytes as a person can read them.

use std::fmt;

/// How many bytes are in a line.
const WIDTH: usize = 16;

/// Bytes in lines of hex and text, as `hexdump -C` prints them, and how many more there were.
pub(super) struct Dump<'a> {
    bytes: &'a [u8],
    all: usize,
}

impl<'a> Dump<'a> {
    /// The first of `all` bytes.
    pub(super) fn new(bytes: &'a [u8], all: usize) -> Self {
        Self { bytes, all }
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.bytes.chunks(WIDTH).enumerate() {
            write!(f, "\n{:08x} ", number * WIDTH)?;
            for at in 0..WIDTH {
                if at % 8 == 0 {
                    f.write_str(" ")?;
                }
                match line.get(at) {
                    Some(byte) => write!(f, "{byte:02x} ")?,
                    None => f.write_str("   ")?,
                }
            }
            f.write_str(" |")?;
            for byte in line {
                // Nothing that a terminal would obey.
                let is_text = byte.is_ascii_graphic() || *byte == b' ';
                write!(f, "{}", if is_text { char::from(*byte) } else { '.' })?;
            }
            f.write_str("|")?;
        }
        match self.all - self.bytes.len() {
            0 => Ok(()),
            more => write!(f, "\n… and {more} bytes more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_like_hexdump() {
        let bytes = b"GET / HTTP/1.1\r\n\r\n\x1b[2J";
        let expected = "
00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|
00000010  0d 0a 1b 5b 32 4a                                 |...[2J|";
        assert_eq!(Dump::new(bytes, bytes.len()).to_string(), expected);
        let cut = Dump::new(&bytes[..3], 100).to_string();
        assert!(cut.ends_with("|GET|\n… and 97 bytes more"), "{cut}");
        assert_eq!(Dump::new(b"", 0).to_string(), "");
    }
}
