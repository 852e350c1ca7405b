//! What servers and clients need of a framed connection beside its public methods.

use std::future::poll_fn;
use std::task::{Context, Poll};

use wirework_codec::{BorrowDecoder, Decoder, Deframer, Encoder};

use super::outbound::Outbound;
use super::{Framed, ReadError, WriteError};
use crate::Connection;

/// What was received, if there was any more.
type Received<T, X> = Result<Option<T>, ReadError<X>>;

impl<C: Connection, D, E> Framed<C, D, E> {
    pub(crate) fn connection_mut(&mut self) -> &mut C {
        &mut self.sides.connection
    }

    /// How many bytes have come.
    pub(crate) fn received(&self) -> u64 {
        let deframer = &self.sides.inbound.deframer;
        deframer.offset() + deframer.buffered() as u64
    }

    pub(crate) fn is_full(&self) -> bool {
        self.sides.outbound.is_full()
    }

    /// Appends a frame, full or not.
    pub(crate) fn append<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.sides.outbound.append(item)
    }

    /// Writes what it can. A failure is kept for the next who sends.
    pub(crate) fn poll_flush_aside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sides = &mut *self.sides;
        sides.outbound.poll_flush_aside(&mut sides.connection, cx)
    }

    /// [`next`](Self::next) as a poll.
    #[inline]
    pub(crate) fn poll_next_frame(&mut self, cx: &mut Context<'_>) -> Poll<Received<D::Item, D::Error>>
    where
        D: Decoder,
    {
        self.sides.poll_frame(cx, Deframer::next)
    }

    /// [`next_ref`](Self::next_ref), with all of the sending side.
    pub(crate) async fn next_ref_apart(&mut self) -> Received<(D::Frame<'_>, Sending<'_, C, E>), D::Error>
    where
        D: BorrowDecoder,
    {
        let sides = &mut *self.sides;
        let Some(located) = poll_fn(|cx| sides.poll_frame(cx, Deframer::locate)).await? else {
            return Ok(None);
        };
        let frame = match sides.inbound.deframer.parse(located) {
            Ok(frame) => frame,
            Err(error) => {
                // As in `fail`.
                let flush =
                    |cx: &mut Context<'_>| Poll::Ready(sides.outbound.poll_flush_aside(&mut sides.connection, cx));
                let _unsent = poll_fn(flush).await;
                return Err(error.into());
            }
        };
        let sending = Sending {
            connection: &mut sides.connection,
            outbound: &mut sides.outbound,
        };
        Ok(Some((frame, sending)))
    }
}

/// The sending side of a [`Framed`] while a borrowed frame is held, flushing included.
pub(crate) struct Sending<'a, C, E> {
    connection: &'a mut C,
    outbound: &'a mut Outbound<E>,
}

impl<C: Connection, E> Sending<'_, C, E> {
    pub(crate) fn append<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.outbound.append(item)
    }

    pub(crate) fn poll_flush_aside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.outbound.poll_flush_aside(self.connection, cx)
    }
}
