//! Places to put a frame that is to be sent.

use wirework_codec::Encoder;

use super::WriteError;
use super::outbound::Outbound;

/// The sending side while a borrowed frame is held: what [`Framed::next_ref`](crate::Framed::next_ref) gives beside the
/// frame.
///
/// Sending only appends, so it never waits; the next `next_ref` waits instead if the high watermark has been reached.
#[derive(Debug)]
pub struct Outbox<'a, E> {
    outbound: &'a mut Outbound<E>,
}

impl<'a, E> Outbox<'a, E> {
    pub(super) fn new(outbound: &'a mut Outbound<E>) -> Self {
        Self { outbound }
    }

    /// Appends a frame to what is sent next.
    ///
    /// # Errors
    /// Fails when the frame cannot be encoded, of which nothing is then sent, or when the connection can no longer send.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    pub fn send<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.outbound.append(item)
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.outbound.unsent()
    }

    /// Whether the high watermark has been reached: a handler with many replies to one frame should stop here.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.outbound.is_full()
    }
}

/// The right to send one frame without waiting: what [`reserve`](crate::Framed::reserve) gives.
#[derive(Debug)]
#[must_use = "a permit sends nothing by itself"]
pub struct Permit<'a, E> {
    outbound: &'a mut Outbound<E>,
}

impl<'a, E> Permit<'a, E> {
    pub(super) fn new(outbound: &'a mut Outbound<E>) -> Self {
        Self { outbound }
    }

    /// Sends a frame, as the `send` of where the permit is from.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    #[inline]
    pub fn send<T>(self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.outbound.append(item)
    }
}
