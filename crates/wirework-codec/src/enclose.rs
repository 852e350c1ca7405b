//! Frames around bytes that are written in place: the framing's side of encoding a message.
//!
//! A message's length is known only once it is serialized. Serializing right into the write buffer and framing it there
//! saves the buffer in between, and the copy.

use std::error::Error;

use crate::{Mark, WriteBuf};

/// Puts a frame around a body that is appended to a [`WriteBuf`] between [`open`](Self::open) and [`close`](Self::close).
///
/// # Contract
/// The body is appended by copying ([`WriteBuf::put_slice`] and the like, not [`WriteBuf::put_bytes`]), and nothing is
/// written from the buffer in between. When `close` fails, the caller takes back what was appended since `open`.
///
/// ```
/// use wirework_codec::{Enclose, LengthDelimited, WriteBuf};
///
/// let (mut framing, mut dst) = (LengthDelimited::new(), WriteBuf::new());
/// let mark = framing.open(&mut dst);
/// dst.put_slice(b"hel");
/// dst.put_slice(b"lo");
/// framing.close(mark, &mut dst)?;
/// assert_eq!(dst.to_vec(), b"\0\0\0\x05hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Enclose {
    /// What can be wrong with a body.
    type Error: Error + Send + Sync + 'static;

    /// Starts a frame: makes room for its header, if that is of a fixed size.
    fn open(&mut self, dst: &mut WriteBuf) -> Mark;

    /// Completes the frame that was started at `mark`.
    ///
    /// # Errors
    /// Fails when the framing cannot carry the body, for instance because it is too long.
    fn close(&mut self, mark: Mark, dst: &mut WriteBuf) -> Result<(), Self::Error>;
}
