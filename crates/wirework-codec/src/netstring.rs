//! Frames behind a length in decimal digits, and with a comma behind them.

use thiserror::Error;

use crate::{Enclose, Encoder, Framing, Mark, Payload, Span, WriteBuf};

/// The longest frame, unless set otherwise: 1 MiB, without its length and comma.
const MAX_LEN: usize = 1024 * 1024;

/// The most digits that a length can have.
const MAX_DIGITS: usize = 20;

/// Netstrings, as D. J. Bernstein defined them in 1997: `5:hello,`.
///
/// A frame is at most 1 MiB long, unless [set otherwise](Self::max_len), both ways. As the definition demands, a length with
/// needless zeros in front is an error.
///
/// ```
/// use wirework_codec::{Deframer, Encoder, Netstring, WriteBuf};
///
/// let mut out = WriteBuf::new();
/// Netstring::new().encode("hello world!", &mut out)?;
/// assert_eq!(out.to_vec(), b"12:hello world!,");
///
/// let mut deframer = Deframer::new(Netstring::new());
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next_ref()?, Some(&b"hello world!"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Netstring {
    max_len: usize,
}

impl Netstring {
    /// The codec with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_len: MAX_LEN }
    }

    /// Sets how long a frame may be, in bytes without its length and comma; 1 MiB unless set.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// The length at the front of `src`, and where the frame starts behind it.
    fn header(&self, src: &[u8]) -> Result<Option<(usize, usize)>, NetstringError> {
        let mut len = 0_usize;
        for (at, byte) in src.iter().enumerate() {
            match byte {
                b':' if at > 0 => return Ok(Some((len, at + 1))),
                b'0'..=b'9' if at == 1 && len == 0 => return Err(NetstringError::LeadingZero),
                b'0'..=b'9' => {
                    let digit = usize::from(byte - b'0');
                    let longer = len.checked_mul(10).and_then(|len| len.checked_add(digit));
                    let fitting = longer.filter(|len| *len <= self.max_len);
                    len = fitting.ok_or(NetstringError::TooLong { limit: self.max_len })?;
                }
                _ => return Err(NetstringError::NotADigit { byte: *byte, at }),
            }
        }
        Ok(None)
    }

    fn check(&self, len: usize) -> Result<(), NetstringError> {
        if len > self.max_len {
            return Err(NetstringError::TooLong { limit: self.max_len });
        }
        Ok(())
    }
}

impl Default for Netstring {
    fn default() -> Self {
        Self::new()
    }
}

impl Framing for Netstring {
    type Error = NetstringError;

    #[inline]
    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, NetstringError> {
        let Some((len, start)) = self.header(src)? else {
            return Ok(None);
        };
        let comma = start.saturating_add(len);
        match src.get(comma) {
            Some(b',') => Ok(Some(Span::new(start..comma, comma + 1))),
            Some(byte) => Err(NetstringError::NoComma { byte: *byte, at: comma }),
            None => Ok(None),
        }
    }
}

impl<P: Payload> Encoder<P> for Netstring {
    type Error = NetstringError;

    #[inline]
    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), NetstringError> {
        let len = item.as_ref().len();
        self.check(len)?;
        let mut room = [0; MAX_DIGITS + 1];
        dst.put_slice(header(len, &mut room));
        item.put(dst);
        dst.put_u8(b',');
        Ok(())
    }
}

impl Enclose for Netstring {
    type Error = NetstringError;

    fn open(&mut self, dst: &mut WriteBuf) -> Mark {
        dst.mark()
    }

    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), NetstringError> {
        let len = dst.since(mark);
        self.check(len)?;
        let mut room = [0; MAX_DIGITS + 1];
        dst.insert(mark, header(len, &mut room));
        dst.put_u8(b',');
        Ok(())
    }
}

/// `len` in digits, with its colon.
fn header(mut len: usize, room: &mut [u8; MAX_DIGITS + 1]) -> &[u8] {
    let mut at = MAX_DIGITS;
    room[at] = b':';
    loop {
        at -= 1;
        room[at] = b'0' + (len % 10).to_le_bytes()[0];
        len /= 10;
        if len == 0 {
            return &room[at..];
        }
    }
}

/// What can be wrong with a netstring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetstringError {
    /// The frame is longer than allowed.
    #[error("netstring is longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// There is something else where a length belongs.
    #[error("length has the byte {byte:#04x} in it at byte {at}")]
    NotADigit {
        /// What is there.
        byte: u8,
        /// Where it is, from the start of the netstring.
        at: usize,
    },
    /// A length of more than one digit starts with a zero.
    #[error("length starts with a zero")]
    LeadingZero,
    /// There is something else where the comma belongs.
    #[error("byte {at} is {byte:#04x} instead of a comma")]
    NoComma {
        /// What is there.
        byte: u8,
        /// Where it is, from the start of the netstring.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_size_round_trip() {
        for len in [0, 1, 9, 10, 99, 100, 54_321] {
            let (mut codec, mut dst) = (Netstring::new(), WriteBuf::new());
            codec.encode(vec![b'x'; len], &mut dst).unwrap();
            let mark = codec.open(&mut dst);
            dst.put_slice(&vec![b'x'; len]);
            codec.close(mark, &mut dst).unwrap();
            let all = dst.to_vec();
            let (first, second) = all.split_at(all.len() / 2);
            assert_eq!(first, second);
            let span = codec.find(&all).unwrap().unwrap();
            assert_eq!((span.payload().len(), span.len()), (len, first.len()));
        }
        let mut room = [0; MAX_DIGITS + 1];
        assert_eq!(header(usize::MAX, &mut room), format!("{}:", usize::MAX).as_bytes());
    }

    #[test]
    fn what_is_wrong_is_said_as_soon_as_it_is_known() {
        let mut codec = Netstring::new().max_len(100);
        assert_eq!(codec.find(b"00"), Err(NetstringError::LeadingZero));
        assert_eq!(codec.find(b":"), Err(NetstringError::NotADigit { byte: b':', at: 0 }));
        assert_eq!(codec.find(b"1x"), Err(NetstringError::NotADigit { byte: b'x', at: 1 }));
        assert_eq!(codec.find(b"101"), Err(NetstringError::TooLong { limit: 100 }));
        assert_eq!(codec.find(b"2:ab;"), Err(NetstringError::NoComma { byte: b';', at: 4 }));
        let too_long = NetstringError::TooLong { limit: usize::MAX };
        assert_eq!(Netstring::new().max_len(usize::MAX).find(&[b'9'; 100]), Err(too_long));
        assert_eq!(codec.find(b"0:,"), Ok(Some(Span::new(2..2, 3))));
    }
}
