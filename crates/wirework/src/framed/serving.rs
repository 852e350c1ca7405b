//! What servers and clients need of a framed connection beside its public methods.

use std::task::{Context, Poll};

use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::futures::NextRef;
use super::outbound::Outbound;
use super::{Framed, Outbox, ReadError, WriteError};
use crate::Connection;

/// What was received, if there was any more.
pub(super) type Received<T, X> = Result<Option<T>, ReadError<X>>;

/// The same where it is borrowed, with the sending side.
pub(super) type ReceivedRef<'a, C, D, E> =
    Received<(<D as BorrowDecoder>::Frame<'a>, Sending<'a, C, E>), <D as BorrowDecoder>::Error>;

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
        self.sides.poll_next(cx)
    }

    /// [`next_ref`](Self::next_ref), with all of the sending side.
    pub(crate) fn next_ref_apart(&mut self) -> impl Future<Output = ReceivedRef<'_, C, D, E>>
    where
        D: BorrowDecoder,
    {
        NextRef::new(&mut self.sides)
    }
}

/// The sending side of a [`Framed`] while a borrowed frame is held, flushing included.
pub(crate) struct Sending<'a, C, E> {
    connection: &'a mut C,
    outbound: &'a mut Outbound<E>,
}

impl<'a, C, E> Sending<'a, C, E> {
    #[inline]
    pub(super) fn new(connection: &'a mut C, outbound: &'a mut Outbound<E>) -> Self {
        Self { connection, outbound }
    }

    /// Only what appends.
    #[inline]
    pub(super) fn into_outbox(self) -> Outbox<'a, E> {
        Outbox::new(self.outbound)
    }
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
