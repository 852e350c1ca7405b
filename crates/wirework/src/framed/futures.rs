//! What `next`, `next_ref` and `send` of a framed connection give.
//!
//! Futures by hand, each but a pointer to the connection: an `async fn` would keep a state and its arguments twice. Their polls
//! are inlined into the handler, so that a frame which is there already costs no call; `poll_fn` leaves that to chance.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::serving::{Received, ReceivedRef};
use super::sides::Sides;
use super::{Outbox, ReadError, WriteError};
use crate::Connection;

/// The next frame, by value.
pub(super) struct NextFrame<'a, C, D, E>(pub(super) &'a mut Sides<C, D, E>);

impl<C: Connection, D: Decoder, E> Future for NextFrame<'_, C, D, E> {
    type Output = Received<D::Item, D::Error>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_next(cx)
    }
}

/// The next frame, borrowed, with the sending side. It borrows the whole connection, which is given up with it.
pub(super) struct NextRef<'a, C, D, E>(Option<&'a mut Sides<C, D, E>>);

impl<'a, C, D, E> NextRef<'a, C, D, E> {
    #[inline]
    pub(super) fn new(sides: &'a mut Sides<C, D, E>) -> Self {
        Self(Some(sides))
    }
}

impl<'a, C: Connection, D: BorrowDecoder, E> Future for NextRef<'a, C, D, E> {
    type Output = ReceivedRef<'a, C, D, E>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Sides::poll_ref(&mut self.0, cx)
    }
}

/// The same with no more of the sending side than what appends.
pub(super) struct NextWithOutbox<'a, C, D, E>(pub(super) NextRef<'a, C, D, E>);

impl<'a, C: Connection, D: BorrowDecoder, E> Future for NextWithOutbox<'a, C, D, E> {
    type Output = Result<Option<(D::Frame<'a>, Outbox<'a, E>)>, ReadError<D::Error>>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let received = ready!(Sides::poll_ref(&mut self.0.0, cx));
        Poll::Ready(received.map(|received| received.map(|(frame, sending)| (frame, sending.into_outbox()))))
    }
}

/// Appends a frame: where there is room at once, and with what that gave, else after waiting for it.
///
/// To take a frame out of the handler's future into this one and out of that again takes longer than to append it: it is written
/// in pieces and read as a whole, for which the processor waits until the pieces have left its store buffer. So this is one word,
/// and what is rare is in a box.
pub(super) struct SendFrame<'a, C, D, E: Encoder<T>, T>(Option<Box<Unsent<'a, C, D, E, T>>>);

/// A frame that was not appended at once.
enum Unsent<'a, C, D, E: Encoder<T>, T> {
    Failed(WriteError<E::Error>),
    Waiting { sides: &'a mut Sides<C, D, E>, item: T },
}

impl<'a, C: Connection, D, E: Encoder<T>, T> SendFrame<'a, C, D, E, T> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    pub(super) fn new(sides: &'a mut Sides<C, D, E>, item: T) -> Self {
        if sides.outbound.is_full() {
            return Self(Some(Box::new(Unsent::Waiting { sides, item })));
        }
        let appended = sides.outbound.append(item);
        Self(appended.err().map(|error| Box::new(Unsent::Failed(error))))
    }
}

/// The item is moved, never pinned.
impl<C, D, E: Encoder<T>, T> Unpin for SendFrame<'_, C, D, E, T> {}

impl<C: Connection, D, E: Encoder<T>, T> Future for SendFrame<'_, C, D, E, T> {
    type Output = Result<(), WriteError<E::Error>>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.is_none() {
            return Poll::Ready(Ok(()));
        }
        self.poll_unsent(cx)
    }
}

impl<C: Connection, D, E: Encoder<T>, T> SendFrame<'_, C, D, E, T> {
    #[cold]
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError<E::Error>>> {
        if let Some(unsent) = &mut self.0
            && let Unsent::Waiting { sides, .. } = &mut **unsent
        {
            ready!(sides.poll_ready(cx))?;
        }
        Poll::Ready(match self.0.take().map(|unsent| *unsent) {
            Some(Unsent::Waiting { sides, item }) => sides.outbound.append(item),
            Some(Unsent::Failed(error)) => Err(error),
            None => Ok(()),
        })
    }
}
