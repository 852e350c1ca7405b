//! A run of bytes that owns them, in memory that is used again.
//!
//! Most frames live until they are answered, so to allocate and free each would cost more than all that is done with it. `Bytes`
//! have no other way: a short one is an allocation, or a share that is counted with locked instructions.

mod slot;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};

use bytes::{Buf, Bytes, BytesMut};

pub(crate) use self::slot::SHORT;
use self::slot::Slot;

/// A frame that owns its bytes: what codecs of plain bytes decode to.
///
/// It is a `[u8]` in all but name: index it, compare it, hash it, or read numbers off its front with [`Buf`]. Whatever takes a
/// [`Payload`](crate::Payload) takes it; from 4 KiB up it is sent uncopied.
///
/// Its memory comes from a pool of the thread, and goes back to the pool of the thread that drops it. So a frame costs no allocation
/// once the pool has as many as are alive at a time, up to 64 of up to 256 bytes, 16 of up to 2 KiB,
/// and 2 MiB of longer ones, half of it for those of up to 16 KiB.
///
/// # Which memory
/// Up to 256 bytes are copied, and take about 300. Longer frames share the memory that was read at once, of which they keep at most
/// 1,024 times their own length alive. One that comes alone is a copy up to 2 KiB, and takes the memory with it beyond.
///
/// To keep many frames for long, or to clone long ones, make [`Bytes`] of them. `Bytes::from(frame)` copies again what is a copy of up to
/// 2 KiB, to just that length, and takes any other as it is. A clone of a frame is a copy, unless it shares memory. A whole codec gives
/// `Bytes` if [mapped](crate::Decoder::map).
///
/// ```
/// use wirework_codec::bytes::{Buf, Bytes};
/// use wirework_codec::{Decoder, Deframer, Frame, LengthDelimited};
///
/// let mut deframer = Deframer::new(LengthDelimited::new());
/// deframer.push(b"\0\0\0\x07\x01\x02hello");
/// let mut frame: Frame = deframer.next()?.unwrap();
/// assert_eq!(frame.get_u16(), 0x0102);
/// assert_eq!(frame, "hello");
/// assert!(frame.starts_with(b"he"));
///
/// let kept = Bytes::from(frame);
/// assert_eq!(kept, "hello");
///
/// let mut deframer = Deframer::new(LengthDelimited::new().map(Bytes::from));
/// deframer.push(b"\0\0\0\x05hello");
/// assert_eq!(deframer.next()?, Some(kept));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Frame(
    /// `None` if empty, though what is empty may have a slot.
    Option<Box<Slot>>,
);

impl Frame {
    /// A frame of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// A copy of `bytes`.
    #[must_use]
    #[inline]
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        Self(Some(Slot::copied(bytes)))
    }

    /// The bytes of `memory` in that range.
    pub(crate) fn within(memory: Box<[u8]>, range: Range<usize>) -> Self {
        Self(Some(Slot::within(memory, range)))
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.put_back();
        }
    }
}

impl Deref for Frame {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Some(slot) => slot.bytes(),
            None => &[],
        }
    }
}

impl AsRef<[u8]> for Frame {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for Frame {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(|slot| slot.to_other()))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

impl Buf for Frame {
    #[inline]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        self
    }

    /// # Panics
    /// Panics when there are fewer bytes.
    #[inline]
    fn advance(&mut self, count: usize) {
        assert!(count <= self.len(), "cannot advance by {count} bytes of {}", self.len());
        if let Some(slot) = &mut self.0 {
            slot.advance(count);
        }
    }
}

impl From<Frame> for Bytes {
    fn from(mut frame: Frame) -> Self {
        frame.0.as_mut().map(|slot| slot.take_bytes()).unwrap_or_default()
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self(Some(Slot::shared(bytes)))
    }
}

impl From<BytesMut> for Frame {
    fn from(bytes: BytesMut) -> Self {
        bytes.freeze().into()
    }
}

impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl FromIterator<u8> for Frame {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Vec::from_iter(bytes).into()
    }
}

/// A copy.
impl From<&[u8]> for Frame {
    fn from(bytes: &[u8]) -> Self {
        Self::copy_from_slice(bytes)
    }
}

/// A copy.
impl<const N: usize> From<&[u8; N]> for Frame {
    fn from(bytes: &[u8; N]) -> Self {
        Self::copy_from_slice(bytes)
    }
}

/// A copy.
impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self::copy_from_slice(text.as_bytes())
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Frame {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl PartialEq<Frame> for [u8] {
    fn eq(&self, other: &Frame) -> bool {
        *self == **other
    }
}

impl PartialEq<Frame> for Vec<u8> {
    fn eq(&self, other: &Frame) -> bool {
        **self == **other
    }
}

impl PartialEq<Frame> for Bytes {
    fn eq(&self, other: &Frame) -> bool {
        **self == **other
    }
}

impl Eq for Frame {}

impl PartialOrd for Frame {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Frame {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Frame {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
