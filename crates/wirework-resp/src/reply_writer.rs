//! Replies, written piece by piece: what a server answers.

use bytes::Bytes;
use memchr::memchr2;
use wirework_codec::{Mark, WriteBuf};

use crate::number::{self, DOUBLE, HEADER};
use crate::{CommandError, Version};

/// Writes replies to a [`WriteBuf`], in the version of the protocol that the client speaks.
///
/// Each command is answered with one value. An aggregate (array, map, set, push) is its header, followed by as many values as
/// that says. What RESP2 does not know is written as Redis writes it there: a map as an array of keys and values, a null as a
/// null bulk string, a double as a bulk string, a boolean as 1 or 0.
///
/// ```
/// use wirework_codec::WriteBuf;
/// use wirework_resp::{ReplyWriter, Version};
///
/// let mut version = Version::Resp2;
/// let mut buf = WriteBuf::new();
/// let mut reply = ReplyWriter::new(&mut buf, &mut version);
/// reply.map(1);
/// reply.bulk("pi");
/// reply.double(3.14);
/// assert_eq!(buf.to_vec(), b"*2\r\n$2\r\npi\r\n$4\r\n3.14\r\n");
/// ```
#[derive(Debug)]
pub struct ReplyWriter<'a> {
    buf: &'a mut WriteBuf,
    version: &'a mut Version,
}

/// An aggregate that was begun before the number of its values was known: see [`ReplyWriter::begin`].
#[derive(Debug)]
#[must_use = "without its header, what was written is no reply"]
pub struct Deferred(Mark);

impl<'a> ReplyWriter<'a> {
    /// Writes to `buf`.
    #[inline]
    pub fn new(buf: &'a mut WriteBuf, version: &'a mut Version) -> Self {
        Self { buf, version }
    }

    /// The version that replies are written in.
    #[must_use]
    #[inline]
    pub fn version(&self) -> Version {
        *self.version
    }

    /// Writes what follows in that version, up to the end of the connection: for `HELLO`, whose own reply is in the new one.
    #[inline]
    pub fn set_version(&mut self, version: Version) {
        *self.version = version;
    }

    /// `OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.buf.put_slice(b"+OK\r\n");
    }

    /// A short text without line breaks; these would be written as spaces.
    #[inline]
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error, which begins with its code: `ERR syntax error`. Line breaks in it are written as spaces.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'-', text.as_ref());
    }

    /// An error in the bytes that the client sent, as Redis answers it. The connection is to be closed behind it.
    pub fn protocol_error(&mut self, error: &CommandError) {
        self.error(format!("ERR {error}"));
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A count or a length, as an integer.
    #[inline]
    pub fn count(&mut self, value: usize) {
        self.header(b':', signed(value));
    }

    /// A bulk string: any bytes, copied.
    #[inline]
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.header(b'$', signed(bytes.len()));
        self.buf.put_slice(bytes);
        self.buf.put_slice(b"\r\n");
    }

    /// A bulk string that is not copied if it is 4 KiB long or more.
    #[inline]
    pub fn bulk_bytes(&mut self, bytes: Bytes) {
        self.header(b'$', signed(bytes.len()));
        self.buf.put_bytes(bytes);
        self.buf.put_slice(b"\r\n");
    }

    /// An integer as a bulk string.
    pub fn bulk_integer(&mut self, value: i64) {
        let mut room = [0; HEADER];
        self.bulk(number::digits(value, &mut room));
    }

    /// A bulk string, or a null.
    #[inline]
    pub fn bulk_or_null(&mut self, bytes: Option<impl AsRef<[u8]>>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }

    /// Nothing, where there could have been a value. In RESP2, a null bulk string.
    #[inline]
    pub fn null(&mut self) {
        self.either(b"$-1\r\n", b"_\r\n");
    }

    /// Nothing, where there could have been an array. In RESP2, a null array.
    #[inline]
    pub fn null_array(&mut self) {
        self.either(b"*-1\r\n", b"_\r\n");
    }

    /// True or false. In RESP2, 1 or 0.
    #[inline]
    pub fn boolean(&mut self, value: bool) {
        if value {
            self.either(b":1\r\n", b"#t\r\n");
        } else {
            self.either(b":0\r\n", b"#f\r\n");
        }
    }

    /// A double. In RESP2, a bulk string.
    pub fn double(&mut self, value: f64) {
        let mut room = [0; DOUBLE];
        self.number(b',', number::double(value, &mut room));
    }

    /// An integer of any length, in decimal digits. In RESP2, a bulk string.
    ///
    /// # Panics
    /// Panics unless it consists of digits, and perhaps a sign in front.
    pub fn big_number(&mut self, digits: &str) {
        let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
        let is_number = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_number, "a big number consists of digits");
        self.number(b'(', digits.as_bytes());
    }

    /// A text that is meant to be shown as it is, in a format of three characters, such as `txt` or `mkd`. In RESP2, a bulk
    /// string.
    pub fn verbatim(&mut self, format: [u8; 3], text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if *self.version == Version::Resp2 {
            return self.bulk(text);
        }
        self.header(b'=', signed(text.len() + 4));
        self.buf.put_slice(&format);
        self.buf.put_u8(b':');
        self.buf.put_slice(text);
        self.buf.put_slice(b"\r\n");
    }

    /// An error of any bytes, which begins with its code. In RESP2, an [`error`](Self::error).
    pub fn bulk_error(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if *self.version == Version::Resp2 {
            return self.error(text);
        }
        self.header(b'!', signed(text.len()));
        self.buf.put_slice(text);
        self.buf.put_slice(b"\r\n");
    }

    /// An array: that many values follow.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', signed(len));
    }

    /// A map: that many keys follow, each with its value behind it. In RESP2, an array of twice as many values.
    #[inline]
    pub fn map(&mut self, len: usize) {
        self.aggregate(b'%', len);
    }

    /// A set: that many values follow. In RESP2, an array.
    #[inline]
    pub fn set(&mut self, len: usize) {
        self.aggregate(b'~', len);
    }

    /// A push, which is no reply: that many values follow. In RESP2, an array.
    #[inline]
    pub fn push(&mut self, len: usize) {
        self.aggregate(b'>', len);
    }

    /// Attributes of the value behind them: that many keys follow, each with its value. RESP2 has none, so nothing of them may be
    /// written then: says whether they are.
    #[must_use]
    pub fn attributes(&mut self, len: usize) -> bool {
        let written = *self.version == Version::Resp3;
        if written {
            self.header(b'|', signed(len));
        }
        written
    }

    /// Begins an aggregate whose number of values is not known yet. Write them, then the header:
    /// [`finish_array`](Self::finish_array), [`finish_map`](Self::finish_map) or [`finish_set`](Self::finish_set). What was
    /// written is moved for it, so say the number first where it is known.
    ///
    /// ```
    /// # use wirework_codec::WriteBuf;
    /// # use wirework_resp::{ReplyWriter, Version};
    /// # let (mut buf, mut version) = (WriteBuf::new(), Version::Resp3);
    /// # let mut reply = ReplyWriter::new(&mut buf, &mut version);
    /// let begun = reply.begin();
    /// let odd = (0..10).filter(|number| number % 2 == 1).map(|number| reply.integer(number)).count();
    /// reply.finish_set(begun, odd);
    /// assert_eq!(buf.to_vec(), b"~5\r\n:1\r\n:3\r\n:5\r\n:7\r\n:9\r\n");
    /// ```
    pub fn begin(&self) -> Deferred {
        Deferred(self.buf.mark())
    }

    /// Makes an array of the `len` values that were written since it was begun.
    pub fn finish_array(&mut self, begun: Deferred, len: usize) {
        self.insert(begun, b'*', len);
    }

    /// Makes a map of the `len` keys and values that were written since it was begun. In RESP2, an array.
    pub fn finish_map(&mut self, begun: Deferred, len: usize) {
        let (kind, len) = self.in_version(b'%', len);
        self.insert(begun, kind, len);
    }

    /// Makes a set of the `len` values that were written since it was begun. In RESP2, an array.
    pub fn finish_set(&mut self, begun: Deferred, len: usize) {
        let (kind, len) = self.in_version(b'~', len);
        self.insert(begun, kind, len);
    }

    /// Takes back all that was written since `begun`: for a reply that turns out to be an error half way.
    #[expect(clippy::needless_pass_by_value, reason = "an aggregate is finished once")]
    pub fn roll_back(&mut self, begun: Deferred) {
        self.buf.roll_back(begun.0);
    }

    /// Whole values that were encoded before, as for many clients at once. They must be of this client's version.
    #[inline]
    pub fn encoded(&mut self, bytes: Bytes) {
        self.buf.put_bytes(bytes);
    }

    #[expect(clippy::needless_pass_by_value, reason = "an aggregate is finished once")]
    fn insert(&mut self, begun: Deferred, kind: u8, len: usize) {
        let mut room = [0; HEADER];
        self.buf.insert(begun.0, number::header(kind, signed(len), &mut room));
    }

    pub(crate) fn buf_mut(&mut self) -> &mut WriteBuf {
        self.buf
    }

    #[inline]
    fn aggregate(&mut self, kind: u8, len: usize) {
        let (kind, len) = self.in_version(kind, len);
        self.header(kind, signed(len));
    }

    /// What an aggregate of RESP3 is in this client's version.
    #[inline]
    fn in_version(&self, kind: u8, len: usize) -> (u8, usize) {
        match (*self.version, kind) {
            (Version::Resp3, _) => (kind, len),
            (Version::Resp2, b'%') => (b'*', len.saturating_mul(2)),
            (Version::Resp2, _) => (b'*', len),
        }
    }

    /// As [`simple`](Self::simple), of any bytes.
    pub(crate) fn simple_bytes(&mut self, text: &[u8]) {
        self.line(b'+', text);
    }

    /// A number on a line of its own, or in RESP2 as a bulk string.
    pub(crate) fn number(&mut self, kind: u8, text: &[u8]) {
        match *self.version {
            Version::Resp2 => self.bulk(text),
            Version::Resp3 => self.line(kind, text),
        }
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.buf.put_u8(kind);
        let mut rest = text;
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            self.buf.put_slice(&rest[..at]);
            self.buf.put_u8(b' ');
            rest = &rest[at + 1..];
        }
        self.buf.put_slice(rest);
        self.buf.put_slice(b"\r\n");
    }

    #[inline]
    fn either(&mut self, resp2: &[u8], resp3: &[u8]) {
        self.buf.put_slice(match *self.version {
            Version::Resp2 => resp2,
            Version::Resp3 => resp3,
        });
    }

    #[inline]
    fn header(&mut self, kind: u8, value: i64) {
        let mut room = [0; HEADER];
        self.buf.put_slice(number::header(kind, value, &mut room));
    }
}

/// A length as the integer that it is written as. What is in memory is never as long as that.
#[inline]
fn signed(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
