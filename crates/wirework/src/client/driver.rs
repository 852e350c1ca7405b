//! The task that owns a client's connection: requests out, answers in.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_sink::Sink;
use wirework_codec::{Decoder, Encoder};

use super::CallError;
use super::calls::{Calls, Place, Wants, closed};
use super::matching::{Answer, Matching};
use super::pushes::PushSender;
use super::silence::Silence;
use crate::time::after;
use crate::{Connection, Framed, Runtime, Timer, WriteError};

/// Requests are held back while so many bytes are unsent.
const HIGH_WATERMARK: usize = 64 * 1024;

/// So many answers are left at a time, so that the lock is not taken for each.
const BATCH: usize = 64;

pub(super) struct Driver<R: Runtime, C, D, E, M, Q, A> {
    runtime: R,
    framed: Framed<C, D, E>,
    calls: Arc<Calls<Q, A>>,
    matching: M,
    pushes: Option<PushSender<A>>,
    max_in_flight: usize,
    close_within: Duration,
    silence: Silence,
    /// Requests that were taken and not yet sent, the next one last.
    requests: Vec<(Place, Q)>,
    answers: Vec<(Place, Result<A, CallError>)>,
    wakers: Vec<Waker>,
    timer: Pin<Box<R::Timer>>,
    /// What the timer is set to.
    armed: Option<Instant>,
    /// Other tasks have had a turn since the driver was woken.
    has_yielded: bool,
}

impl<R, C, D, E, M, Q, A> Driver<R, C, D, E, M, Q, A>
where
    R: Runtime,
    C: Connection,
    D: Decoder<Item = A> + Unpin,
    E: Encoder<Q> + Unpin,
    M: Matching<Q, A>,
{
    pub(super) fn new(
        runtime: &R,
        framed: Framed<C, D, E>,
        calls: Arc<Calls<Q, A>>,
        matching: M,
        pushes: Option<PushSender<A>>,
        options: super::ClientOptions,
    ) -> Self {
        Self {
            // Reading must not wait until requests have left: a server that waits for its answers to be read would wait for
            // ever. So the connection's own watermark is out of the way, and `HIGH_WATERMARK` holds the requests back instead.
            framed: framed.watermarks(usize::MAX - 1, usize::MAX),
            calls,
            matching,
            pushes,
            max_in_flight: options.max_in_flight.min(M::MAX_IN_FLIGHT),
            close_within: options.timeout,
            silence: Silence::new(options.dead_after),
            requests: Vec::new(),
            answers: Vec::new(),
            wakers: Vec::new(),
            timer: Box::pin(runtime.timer(runtime.now())),
            armed: None,
            has_yielded: false,
            runtime: runtime.clone(),
        }
    }

    /// Drives the connection to its end.
    pub(super) async fn run(mut self) {
        let cause = match poll_fn(|cx| self.poll(cx)).await {
            Ok(()) => self.close().await,
            Err(cause) => cause,
        };
        self.calls.fail(cause);
    }

    /// Closes the connection, for as long as a call may take at most.
    async fn close(&mut self) -> io::Error {
        let limit = after(self.runtime.now(), self.close_within);
        self.timer.as_mut().reset(limit);
        poll_fn(|cx| {
            if self.framed_close(cx).is_ready() {
                return Poll::Ready(());
            }
            self.timer.as_mut().poll(cx)
        })
        .await;
        closed()
    }

    fn framed_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError<E::Error>>> {
        Sink::<Q>::poll_close(Pin::new(&mut self.framed), cx)
    }

    /// Works until there is nothing to do. Ready with `Ok` when the client wants the connection closed.
    ///
    /// An executor may run a woken task before all others. The first of many callers to call again would then have its request
    /// sent in a write of its own, and so would the next; so those who have been answered are let ahead, once.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_yielded = !self.has_yielded && self.calls.expects_more();
        if self.has_yielded {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let sent = self.send(cx);
            // Even if nothing more can be sent: the peer may have answered before it went away.
            self.receive(cx)?;
            sent?;
            // Reading has flushed what it could, and has perhaps made room.
            let parked = self.calls.park(self.wants(), cx);
            if parked.close && self.requests.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let can_send = !self.requests.is_empty() && self.framed.unsent() < HIGH_WATERMARK;
            if can_send || parked.queued {
                continue;
            }
            ready!(self.poll_deadlines(parked.earliest, cx))?;
        }
    }

    fn wants(&self) -> Wants {
        if !self.requests.is_empty() || self.framed.unsent() >= HIGH_WATERMARK {
            Wants::Nothing
        } else if self.room() > 0 {
            Wants::Requests
        } else if M::FORGETS {
            Wants::Room
        } else {
            Wants::Nothing
        }
    }

    fn room(&self) -> usize {
        self.max_in_flight.saturating_sub(self.matching.outstanding())
    }

    /// Takes requests and appends them to what is unsent, as far as the bounds allow.
    fn send(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.framed.unsent() < HIGH_WATERMARK {
            if self.requests.is_empty() {
                if self.room() == 0 {
                    self.calls.forget_lost(&mut self.matching);
                }
                self.calls.take(self.room(), &mut self.requests);
                self.requests.reverse();
            }
            let Some((place, request)) = self.requests.pop() else {
                break;
            };
            self.send_one(place, request, cx)?;
        }
        Ok(())
    }

    fn send_one(&mut self, place: Place, mut request: Q, cx: &mut Context<'_>) -> io::Result<()> {
        self.check_writes(cx)?;
        self.matching.send(place, &mut request);
        match Pin::new(&mut self.framed).start_send(request) {
            Ok(()) => Ok(()),
            Err(WriteError::Io(error)) => Err(error),
            Err(error @ WriteError::Encode(_)) => {
                self.matching.take_back();
                self.answers.push((place, Err(CallError::Rejected(error.into()))));
                Ok(())
            }
        }
    }

    /// Fails if writing has.
    fn check_writes(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match Sink::<Q>::poll_ready(Pin::new(&mut self.framed), cx) {
            Poll::Ready(Err(error)) => Err(error.into()),
            // Pending it is only above the watermark, which is out of reach.
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Takes what has come, until nothing more is there.
    fn receive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let ended = loop {
            match Pin::new(&mut self.framed).poll_next(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Err(error) = self.receive_one(frame) {
                        break Err(error);
                    }
                }
                Poll::Ready(Some(Err(error))) => break Err(error.into()),
                Poll::Ready(None) => break Err(peer_closed()),
                Poll::Pending => break self.check_writes(cx),
            }
        };
        self.leave_answers();
        ended
    }

    fn receive_one(&mut self, frame: A) -> io::Result<()> {
        match self.matching.receive(&frame) {
            Answer::To(place) => self.answers.push((place, Ok(frame))),
            Answer::Late => {}
            Answer::Push => {
                if let Some(pushes) = &self.pushes {
                    pushes.send(frame);
                }
            }
            Answer::Unasked => return Err(unasked()),
        }
        if self.answers.len() >= BATCH {
            self.leave_answers();
        }
        Ok(())
    }

    fn leave_answers(&mut self) {
        if !self.answers.is_empty() {
            self.calls.answer(&mut self.answers, &mut self.wakers);
        }
    }

    /// Ready when calls have timed out; an error if the peer is taken for lost. The timer is only ever moved forward: it is set
    /// anew when it has fired.
    fn poll_deadlines(&mut self, earliest: Option<Instant>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(earliest) = earliest.into_iter().chain(self.silence.until()).min() else {
            return Poll::Pending;
        };
        if self.armed.is_none_or(|armed| earliest < armed) {
            self.timer.as_mut().reset(earliest);
            self.armed = Some(earliest);
        }
        ready!(self.timer.as_mut().poll(cx));
        self.armed = None;
        let now = self.runtime.now();
        let received = self.framed.received();
        let has_expired = self.calls.expire(now);
        self.silence.look(now, received)?;
        if has_expired && self.is_answer_due() {
            self.silence.suspect(now, received);
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the peer should have answered something by now: requests were sent, and no call that is still waited for holds up
    /// those behind it.
    fn is_answer_due(&self) -> bool {
        let held_up = self.matching.next().is_some_and(|place| self.calls.waits(place));
        self.matching.outstanding() > 0 && !held_up
    }
}

impl<R: Runtime, C, D, E, M, Q, A> Drop for Driver<R, C, D, E, M, Q, A> {
    fn drop(&mut self) {
        // Only if nothing else has ended it: the runtime has shut down, or the codec has panicked.
        let message = "the task of the connection was stopped";
        self.calls
            .fail(io::Error::new(io::ErrorKind::ConnectionAborted, message));
    }
}

fn peer_closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed the connection")
}

fn unasked() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the peer answered a request that was not made",
    )
}
