//! A connection and its two sides: what happens where receiving and sending meet.

use std::hint::cold_path;
use std::io;
use std::task::{Context, Poll, ready};

use wirework_codec::{BorrowDecoder, DecodeError, Decoder, Deframer, Glance, Located, Span};

use super::ReadError;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::serving::{Received, ReceivedRef, Sending};
use crate::Connection;

#[derive(Debug)]
pub(super) struct Sides<C, D, E> {
    pub(super) connection: C,
    pub(super) inbound: Inbound<D>,
    pub(super) outbound: Outbound<E>,
}

impl<C: Connection, D, E> Sides<C, D, E> {
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.poll_ready(&mut self.connection, cx)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.poll_flush(&mut self.connection, cx)
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.poll_close(&mut self.connection, cx)
    }

    /// The next frame by value, or `None` at the end.
    ///
    /// Nearly every frame is there already, so the way of those is short, waits for nothing, and is inlined into the handler.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a function that is given as a closure is called, not inlined"
    )]
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Received<D::Item, D::Error>>
    where
        D: Decoder,
    {
        if self.may_hand_out() {
            // Returned from here, and not from where the others come to: it stays in registers then.
            match self.inbound.deframer.next_at_a_glance() {
                Some(Ok(frame)) => {
                    self.inbound.has_handed_out();
                    return Poll::Ready(Ok(Some(frame)));
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(fail(&mut self.connection, &mut self.outbound, cx, error)));
                }
                None => {}
            }
            match self.inbound.deframer.next_closely() {
                Ok(Some(frame)) => {
                    self.inbound.has_handed_out();
                    return Poll::Ready(Ok(Some(frame)));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(fail(&mut self.connection, &mut self.outbound, cx, error))),
            }
        }
        let polled = self.poll_frame(cx, |deframer| deframer.next());
        if let Poll::Ready(Some(Ok(_))) = polled {
            self.inbound.has_handed_out();
        }
        polled.map(Option::transpose)
    }

    /// The next frame, borrowed, with the sending side; or `None` at the end. `held` is empty afterwards, unless it is pending.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `poll_next`")]
    pub(super) fn poll_ref<'a>(held: &mut Option<&'a mut Self>, cx: &mut Context<'_>) -> Poll<ReceivedRef<'a, C, D, E>>
    where
        D: BorrowDecoder,
    {
        let sides = held.take().expect("a future is not polled again once it is done");
        let span = 'found: {
            if sides.may_hand_out() {
                let deframer = &mut sides.inbound.deframer;
                match deframer.glance() {
                    // Here, and not where the others come to: the compiler then knows what has been checked.
                    Glance::Frame(span) => return sides.hand_out(&span, cx),
                    Glance::Unclear => {}
                    Glance::Never => match deframer.locate() {
                        Ok(Some(located)) => break 'found deframer.place_of(located),
                        Ok(None) => {}
                        Err(error) => {
                            return Poll::Ready(Err(fail(&mut sides.connection, &mut sides.outbound, cx, error)));
                        }
                    },
                }
            }
            // What a glance finds is not noted: another glance finds it again.
            let find = |deframer: &mut Deframer<D>| match deframer.glance() {
                Glance::Frame(_) => Ok(Some(None)),
                Glance::Never => deframer.locate().map(|located| located.map(Some)),
                Glance::Unclear => locate_unclear(deframer).map(|located| located.map(Some)),
            };
            match sides.poll_frame(cx, find) {
                Poll::Ready(Some(Ok(Some(located)))) => sides.inbound.deframer.place_of(located),
                Poll::Ready(Some(Ok(None))) => match sides.inbound.deframer.glance() {
                    Glance::Frame(span) => span,
                    Glance::Unclear | Glance::Never => unreachable!("a glance has just found it"),
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Pending => {
                    *held = Some(sides);
                    return Poll::Pending;
                }
            }
        };
        sides.hand_out(&span, cx)
    }

    /// The frame that lies there.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `poll_next`")]
    fn hand_out<'a>(&'a mut self, span: &Span, cx: &mut Context<'_>) -> Poll<ReceivedRef<'a, C, D, E>>
    where
        D: BorrowDecoder,
    {
        let Self {
            connection,
            inbound,
            outbound,
        } = self;
        match inbound.hand_out(span) {
            Ok(frame) => Poll::Ready(Ok(Some((frame, Sending::new(connection, outbound))))),
            Err(error) => Poll::Ready(Err(fail(connection, outbound, cx, error))),
        }
    }

    /// Whether a frame that is there already may be handed out without a wait.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `poll_next`")]
    fn may_hand_out(&self) -> bool {
        self.inbound.has_budget() && !self.outbound.is_full()
    }

    /// A frame by `decode`, not counted yet, or `None` at the end, waiting for what is in the way of it.
    ///
    /// It gives them the other way round than those that call it, on purpose: what it writes to memory could otherwise not be
    /// kept in registers where it is not called.
    #[inline(never)]
    fn poll_frame<T, X>(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl Fn(&mut Deframer<D>) -> Result<Option<T>, DecodeError<X>> + Copy,
    ) -> Poll<Option<Result<T, ReadError<X>>>> {
        // Frames are held back until enough of the replies has left. A connection that can no longer send is none that waits:
        // the frames that have come are still handed out.
        ready!(self.outbound.poll_ready_aside(&mut self.connection, cx));
        loop {
            ready!(self.inbound.poll_budget(cx));
            match self.inbound.buffered(decode) {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(fail(&mut self.connection, &mut self.outbound, cx, error)))),
            }
            match ready!(self.poll_dry(cx)) {
                Ok(Dry::Filled) => {}
                Ok(Dry::Over) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    /// What to do when no frame is buffered: flush, then read more or see that there is no more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every turn, from one place")]
    fn poll_dry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Dry>> {
        if self.inbound.expects_more() {
            return self.poll_more(cx);
        }
        let flushed = self.outbound.poll_flush_aside(&mut self.connection, cx);
        if self.inbound.deframer.is_finished() {
            cold_path();
            ready!(flushed);
            return Poll::Ready(self.outbound.take_failure().map_or(Ok(Dry::Over), Err));
        }
        if flushed.is_pending() && self.outbound.is_full() {
            cold_path();
            return Poll::Pending;
        }
        // The peer's reset also fails the write that was under way; the read tells it better.
        ready!(self.inbound.poll_fill(&mut self.connection, cx))?;
        Poll::Ready(Ok(Dry::Filled))
    }

    /// What to do when no frame is buffered and there probably is more to read at once: the replies to what was read leave together
    /// with those to what comes right behind it.
    #[inline(never)]
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Dry>> {
        if let Poll::Ready(read) = self.inbound.poll_fill(&mut self.connection, cx) {
            return Poll::Ready(read.map(|()| Dry::Filled));
        }
        // What it waits for is more to read, whether this is through or not.
        let _flushed = self.outbound.poll_flush_aside(&mut self.connection, cx);
        Poll::Pending
    }
}

/// Sends what can be sent at once of the replies to earlier frames: whoever gets the error will probably drop the rest.
#[cold]
fn fail<C: Connection, E, X>(
    connection: &mut C,
    outbound: &mut Outbound<E>,
    cx: &mut Context<'_>,
    error: DecodeError<X>,
) -> ReadError<X> {
    let _unsent = outbound.poll_flush_aside(connection, cx);
    error.into()
}

/// As [`Deframer::locate`], out of the way of the frames that are clear at a glance.
#[cold]
fn locate_unclear<D: BorrowDecoder>(deframer: &mut Deframer<D>) -> Result<Option<Located>, DecodeError<D::Error>> {
    deframer.locate()
}

/// What came of reading more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dry {
    /// Perhaps there is a frame now.
    Filled,
    /// There will be no more frames.
    Over,
}
