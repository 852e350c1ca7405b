//! Commands to bytes: what a client sends.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use wirework_codec::{Encoder, WriteBuf};

use crate::ToArg;
use crate::number::{self, HEADER};

/// Arguments of at least this many bytes are sent uncopied.
const UNCOPIED: usize = 4 * 1024;

/// A command to be sent: see [`cmd`].
#[derive(Clone, PartialEq, Eq)]
pub struct Cmd {
    /// The arguments, each behind its length, without the long ones.
    bytes: Vec<u8>,
    /// Arguments that are sent uncopied, each with its place in `bytes`.
    long: Vec<(usize, Bytes)>,
    count: i64,
    name_len: usize,
    idempotent: bool,
}

/// A command of that name, without arguments so far.
///
/// ```
/// use wirework_resp::cmd;
///
/// let set = cmd("SET").arg("key").arg(7).arg("EX").arg(60);
/// assert_eq!(set.name(), b"SET");
/// assert_eq!(set.to_bytes(), "*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n7\r\n$2\r\nEX\r\n$2\r\n60\r\n");
/// ```
#[must_use]
pub fn cmd(name: &str) -> Cmd {
    let mut cmd = Cmd {
        bytes: Vec::with_capacity(64),
        long: Vec::new(),
        count: 0,
        name_len: name.len(),
        idempotent: false,
    };
    cmd.push_short(name.as_bytes());
    cmd
}

impl Cmd {
    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl ToArg) -> Self {
        arg.to_arg(&mut self);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl ToArg>) -> Self {
        for arg in args {
            arg.to_arg(&mut self);
        }
        self
    }

    /// Says that it does no harm if the command is run twice, so that it can be sent again when a connection is lost while it
    /// is under way.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Whether it may be [sent again](Self::idempotent).
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        let line_break = memchr::memchr(b'\n', &self.bytes).unwrap_or(0);
        &self.bytes[line_break + 1..][..self.name_len]
    }

    /// Adds an argument, a copy of `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        if bytes.len() < UNCOPIED {
            self.push_short(bytes);
        } else {
            self.push_bytes(Bytes::copy_from_slice(bytes));
        }
    }

    /// Adds an argument, uncopied from 4 KiB up.
    pub fn push_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < UNCOPIED {
            return self.push_short(&bytes);
        }
        self.push_len(bytes.len());
        self.long.push((self.bytes.len(), bytes));
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// The bytes that are sent.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut buf = WriteBuf::new();
        self.put(&mut buf);
        buf.to_vec().into()
    }

    fn push_short(&mut self, bytes: &[u8]) {
        self.push_len(bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn push_len(&mut self, len: usize) {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        self.bytes
            .extend_from_slice(number::header(b'$', len, &mut [0; HEADER]));
        self.count += 1;
    }

    fn put(&self, dst: &mut WriteBuf) {
        dst.put_slice(number::header(b'*', self.count, &mut [0; HEADER]));
        let mut at = 0;
        for (place, long) in &self.long {
            dst.put_slice(&self.bytes[at..*place]);
            dst.put_bytes(long.clone());
            at = *place;
        }
        dst.put_slice(&self.bytes[at..]);
    }
}

impl fmt::Debug for Cmd {
    /// Shows the name, and of the arguments only how many there are: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cmd({}, {} arguments)", self.name().escape_ascii(), self.count - 1)
    }
}

/// Encodes commands.
#[derive(Debug, Clone, Copy, Default)]
pub struct CmdEncoder;

impl CmdEncoder {
    /// The encoder; it has no settings.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Encoder<&Cmd> for CmdEncoder {
    type Error = Infallible;

    fn encode(&mut self, cmd: &Cmd, dst: &mut WriteBuf) -> Result<(), Infallible> {
        cmd.put(dst);
        Ok(())
    }
}

impl Encoder<Cmd> for CmdEncoder {
    type Error = Infallible;

    fn encode(&mut self, cmd: Cmd, dst: &mut WriteBuf) -> Result<(), Infallible> {
        self.encode(&cmd, dst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_arguments_are_not_copied_and_stand_in_their_place() {
        let long = Bytes::from(vec![b'x'; UNCOPIED]);
        let set = cmd("MSET")
            .args(["a", "b"])
            .arg(long.clone())
            .arg("c")
            .arg(&long)
            .arg(-1.5);
        let text = String::from_utf8(set.to_bytes().to_vec()).unwrap();
        let x = "x".repeat(UNCOPIED);
        let expected = format!(
            "*7\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\nb\r\n$4096\r\n{x}\r\n$1\r\nc\r\n$4096\r\n{x}\r\n$4\r\n-1.5\r\n"
        );
        assert_eq!(text, expected);
        assert_eq!(set.name(), b"MSET");
        assert_eq!(set.long[0].1.as_ptr(), long.as_ptr());
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", cmd("AUTH").arg("secret")), "Cmd(AUTH, 1 arguments)");
    }

    #[test]
    fn numbers_are_sent_in_decimal() {
        for (cmd, digits) in [
            (cmd("X").arg(0), "0"),
            (cmd("X").arg(i64::MIN), "-9223372036854775808"),
            (cmd("X").arg(u64::MAX), "18446744073709551615"),
            (cmd("X").arg(7_usize), "7"),
        ] {
            let expected = format!("*2\r\n$1\r\nX\r\n${}\r\n{digits}\r\n", digits.len());
            assert_eq!(cmd.to_bytes(), expected);
        }
    }
}
