//! No framing at all: whatever has come is a frame.

use std::convert::Infallible;

use crate::{Encoder, Framing, Payload, Span, WriteBuf};

/// Bytes as they come, in frames of whatever length was read; nothing is added or taken away.
///
/// For protocols that carry an opaque stream, and for the part after a switch to one (a proxy's tunnel).
///
/// ```
/// use wirework_codec::{Deframer, RawBytes};
///
/// let mut deframer = Deframer::new(RawBytes::new());
/// deframer.push(b"anything");
/// assert_eq!(deframer.next_ref()?, Some(&b"anything"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawBytes;

impl RawBytes {
    /// The codec; it has no settings.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Framing for RawBytes {
    type Error = Infallible;

    fn find(&mut self, src: &[u8]) -> Result<Option<Span>, Infallible> {
        let len = src.len();
        Ok((len > 0).then(|| Span::new(0..len, len)))
    }
}

impl<P: Payload> Encoder<P> for RawBytes {
    type Error = Infallible;

    fn encode(&mut self, item: P, dst: &mut WriteBuf) -> Result<(), Infallible> {
        item.put(dst);
        Ok(())
    }
}
