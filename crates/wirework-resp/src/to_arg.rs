//! What can be an argument of a command.

use bytes::{Bytes, BytesMut};

use crate::Cmd;
use crate::number::{self, DOUBLE, HEADER};

/// What can be an argument: anything of bytes, and numbers, which are sent in decimal.
///
/// ```
/// use wirework_resp::{Cmd, ToArg, cmd};
///
/// struct UserKey(u64);
///
/// impl ToArg for UserKey {
///     fn to_arg(self, cmd: &mut Cmd) {
///         cmd.push(format!("user:{}", self.0).as_bytes());
///     }
/// }
///
/// assert_eq!(cmd("GET").arg(UserKey(7)).to_bytes(), "*2\r\n$3\r\nGET\r\n$6\r\nuser:7\r\n");
/// ```
pub trait ToArg {
    /// Adds it to `cmd`, by [`push`](Cmd::push) or [`push_bytes`](Cmd::push_bytes).
    fn to_arg(self, cmd: &mut Cmd);
}

impl<T: AsRef<[u8]> + ?Sized> ToArg for &T {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push(self.as_ref());
    }
}

impl ToArg for Bytes {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push_bytes(self);
    }
}

impl ToArg for BytesMut {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push_bytes(self.freeze());
    }
}

impl ToArg for Vec<u8> {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push_bytes(self.into());
    }
}

impl ToArg for String {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push_bytes(self.into());
    }
}

impl<const N: usize> ToArg for [u8; N] {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push(&self);
    }
}

impl ToArg for i64 {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push(number::digits(self, &mut [0; HEADER]));
    }
}

impl ToArg for i32 {
    fn to_arg(self, cmd: &mut Cmd) {
        i64::from(self).to_arg(cmd);
    }
}

impl ToArg for u32 {
    fn to_arg(self, cmd: &mut Cmd) {
        i64::from(self).to_arg(cmd);
    }
}

impl ToArg for u64 {
    fn to_arg(self, cmd: &mut Cmd) {
        match i64::try_from(self) {
            Ok(value) => value.to_arg(cmd),
            Err(_) => self.to_string().to_arg(cmd),
        }
    }
}

impl ToArg for usize {
    fn to_arg(self, cmd: &mut Cmd) {
        (self as u64).to_arg(cmd);
    }
}

impl ToArg for f64 {
    fn to_arg(self, cmd: &mut Cmd) {
        cmd.push(number::double(self, &mut [0; DOUBLE]));
    }
}
