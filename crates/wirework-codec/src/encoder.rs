//! Frames to bytes: the trait that a protocol's writing side implements.

use std::error::Error;

use bytes::{Bytes, BytesMut};

use crate::{Frame, WriteBuf};

/// Turns frames into bytes.
///
/// A type may encode several kinds of frames, borrowed and owned ones among them.
///
/// # Contract
/// [`encode`](Self::encode) only appends. If it fails, whoever drives the encoder takes back what it had appended
/// (see [`WriteBuf::roll_back`]), so the peer never gets half a frame, and the encoder can be used further.
///
/// ```
/// use std::convert::Infallible;
/// use wirework_codec::{Encoder, WriteBuf};
///
/// /// Temperatures in tenths of a degree, two bytes each.
/// struct Temperatures;
///
/// impl Encoder<f32> for Temperatures {
///     type Error = Infallible;
///
///     fn encode(&mut self, degrees: f32, dst: &mut WriteBuf) -> Result<(), Infallible> {
///         dst.put_slice(&((degrees * 10.0) as i16).to_be_bytes());
///         Ok(())
///     }
/// }
///
/// let mut dst = WriteBuf::new();
/// Temperatures.encode(21.5, &mut dst)?;
/// assert_eq!(dst.to_vec(), [0, 215]);
/// # Ok::<(), Infallible>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not encode `{Item}`",
    label = "does not encode `{Item}`",
    note = "to send structs, use a codec of messages such as `JsonLines` or `Postcard`; a codec of your own implements `Encoder<{Item}>`"
)]
pub trait Encoder<Item> {
    /// What can be wrong with a frame. It says nothing of I/O.
    type Error: Error + Send + Sync + 'static;

    /// Appends the bytes of `item` to `dst`.
    ///
    /// # Errors
    /// Fails when the protocol cannot carry the frame, for instance because it is too long.
    fn encode(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), Self::Error>;

    /// Appends what [`encode`](Self::encode) would, if that takes a few instructions and cannot fail, so that whoever drives the
    /// encoder need not remember what to take back, and if there is room for it already. Otherwise gives `item` back, having done
    /// nothing.
    ///
    /// # Errors
    /// `item` itself, which takes a closer look.
    #[doc(hidden)]
    #[inline]
    fn encode_at_a_glance(&mut self, item: Item, dst: &mut WriteBuf) -> Result<(), Item> {
        let _ = dst;
        Err(item)
    }
}

/// Bytes to be sent, in any of the forms that people have them: codecs that carry plain bytes encode all of these.
///
/// [`Frame`]s and [`Bytes`] of 4 KiB or more are sent uncopied, and so are `Vec<u8>`, `String` and [`BytesMut`], which become `Bytes`
/// for free.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither bytes nor text",
    label = "cannot be sent as it is",
    note = "codecs of bytes and text send `&str`, `String`, `&[u8]`, `Vec<u8>`, `Frame`, `Bytes` and the like",
    note = "send a number with `.to_string()`, and structs by a codec of messages such as `JsonLines` or `Postcard`"
)]
pub trait Payload: AsRef<[u8]> {
    /// Appends the bytes to `dst`.
    fn put(self, dst: &mut WriteBuf);
}

impl<T: AsRef<[u8]> + ?Sized> Payload for &T {
    #[inline]
    fn put(self, dst: &mut WriteBuf) {
        dst.put_slice(self.as_ref());
    }
}

impl<const N: usize> Payload for [u8; N] {
    #[inline]
    fn put(self, dst: &mut WriteBuf) {
        dst.put_slice(&self);
    }
}

impl Payload for Bytes {
    #[inline]
    fn put(self, dst: &mut WriteBuf) {
        dst.put_bytes(self);
    }
}

impl Payload for Frame {
    #[inline]
    fn put(self, dst: &mut WriteBuf) {
        dst.put_frame(self);
    }
}

impl Payload for BytesMut {
    fn put(self, dst: &mut WriteBuf) {
        dst.put_bytes(self.freeze());
    }
}

impl Payload for Vec<u8> {
    fn put(self, dst: &mut WriteBuf) {
        dst.put_bytes(self.into());
    }
}

impl Payload for String {
    fn put(self, dst: &mut WriteBuf) {
        dst.put_bytes(self.into());
    }
}
