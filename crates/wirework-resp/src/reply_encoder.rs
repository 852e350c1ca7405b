//! Replies to bytes: the encoder of a server.

use std::convert::Infallible;

use wirework_codec::{Encoder, WriteBuf};

use crate::{ReplyWriter, Value, Version};

/// Sends what a closure writes with a [`ReplyWriter`], and [`Value`]s.
///
/// It holds the version that the client speaks: RESP2, until the closure that answers `HELLO 3`
/// [changes it](ReplyWriter::set_version).
///
/// ```
/// use wirework_codec::{Encoder, WriteBuf};
/// use wirework_resp::{ReplyEncoder, ReplyWriter};
///
/// let mut dst = WriteBuf::new();
/// ReplyEncoder::new().encode(|reply: &mut ReplyWriter<'_>| reply.bulk("value"), &mut dst)?;
/// assert_eq!(dst.to_vec(), b"$5\r\nvalue\r\n");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplyEncoder {
    version: Version,
}

impl ReplyEncoder {
    /// An encoder that begins with RESP2.
    #[must_use]
    pub const fn new() -> Self {
        Self::of(Version::Resp2)
    }

    /// An encoder that begins with `version`.
    #[must_use]
    pub const fn of(version: Version) -> Self {
        Self { version }
    }

    /// The version that replies are written in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Writes what follows in that version.
    pub const fn set_version(&mut self, version: Version) {
        self.version = version;
    }
}

impl<F: FnOnce(&mut ReplyWriter<'_>)> Encoder<F> for ReplyEncoder {
    type Error = Infallible;

    #[inline]
    fn encode(&mut self, write: F, dst: &mut WriteBuf) -> Result<(), Infallible> {
        write(&mut ReplyWriter::new(dst, &mut self.version));
        Ok(())
    }
}

impl Encoder<&Value> for ReplyEncoder {
    type Error = Infallible;

    fn encode(&mut self, value: &Value, dst: &mut WriteBuf) -> Result<(), Infallible> {
        ReplyWriter::new(dst, &mut self.version).value(value);
        Ok(())
    }
}

impl Encoder<Value> for ReplyEncoder {
    type Error = Infallible;

    fn encode(&mut self, value: Value, dst: &mut WriteBuf) -> Result<(), Infallible> {
        self.encode(&value, dst)
    }
}
