//! Replies whose length is said at their end: RESP3's streamed types.

use wirework_codec::WriteBuf;

use crate::number::{self, HEADER};
use crate::{ReplyWriter, Version};

/// Streamed types are for replies that begin to leave before they are complete. Few clients of Redis know them, and Redis itself
/// sends none: where all of a reply is at hand, [`ReplyWriter::begin`] does for every client. In RESP2 these are written as if
/// the length had been known.
impl ReplyWriter<'_> {
    /// A string of chunks.
    ///
    /// ```
    /// # use wirework_codec::WriteBuf;
    /// # use wirework_resp::{ReplyWriter, Version};
    /// # let (mut buf, mut version) = (WriteBuf::new(), Version::Resp3);
    /// # let mut reply = ReplyWriter::new(&mut buf, &mut version);
    /// reply.streamed_bulk(|chunks| {
    ///     chunks.put("Hello ");
    ///     chunks.put("world");
    /// });
    /// assert_eq!(buf.to_vec(), b"$?\r\n;6\r\nHello \r\n;5\r\nworld\r\n;0\r\n");
    /// ```
    pub fn streamed_bulk(&mut self, write: impl FnOnce(&mut Chunks<'_>)) {
        let version = self.version();
        let buf = self.buf_mut();
        let mark = buf.mark();
        if version == Version::Resp3 {
            buf.put_slice(b"$?\r\n");
            write(&mut Chunks { buf, version });
            return self.buf_mut().put_slice(b";0\r\n");
        }
        write(&mut Chunks { buf, version });
        let buf = self.buf_mut();
        let len = i64::try_from(buf.since(mark)).unwrap_or(i64::MAX);
        buf.insert(mark, number::header(b'$', len, &mut [0; HEADER]));
        buf.put_slice(b"\r\n");
    }

    /// An array of the values that `write` writes. It says how many these are.
    pub fn streamed_array(&mut self, write: impl FnOnce(&mut Self) -> usize) {
        self.streamed(b"*?\r\n", write, Self::finish_array);
    }

    /// A set of the values that `write` writes. It says how many these are.
    pub fn streamed_set(&mut self, write: impl FnOnce(&mut Self) -> usize) {
        self.streamed(b"~?\r\n", write, Self::finish_set);
    }

    /// A map of the keys that `write` writes, each with its value behind it. It says how many keys these are.
    pub fn streamed_map(&mut self, write: impl FnOnce(&mut Self) -> usize) {
        self.streamed(b"%?\r\n", write, Self::finish_map);
    }

    fn streamed(
        &mut self,
        header: &[u8],
        write: impl FnOnce(&mut Self) -> usize,
        finish: impl FnOnce(&mut Self, crate::Deferred, usize),
    ) {
        if self.version() == Version::Resp3 {
            self.buf_mut().put_slice(header);
            write(self);
            return self.buf_mut().put_slice(b".\r\n");
        }
        let begun = self.begin();
        let len = write(self);
        finish(self, begun, len);
    }
}

/// Where the chunks of a string go: see [`ReplyWriter::streamed_bulk`].
#[derive(Debug)]
pub struct Chunks<'a> {
    buf: &'a mut WriteBuf,
    version: Version,
}

impl Chunks<'_> {
    /// A chunk of any length.
    pub fn put(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            // It would be the end.
            return;
        }
        if self.version == Version::Resp2 {
            return self.buf.put_slice(bytes);
        }
        let len = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.buf.put_slice(number::header(b';', len, &mut [0; HEADER]));
        self.buf.put_slice(bytes);
        self.buf.put_slice(b"\r\n");
    }
}
