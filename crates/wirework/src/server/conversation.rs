//! Requests in, replies out: what runs between a framed connection and a service.

use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_channel::Receiver;
use futures_core::Stream;
use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::Replies;
use super::in_flight::InFlight;
use crate::meter::Stopwatch;
use crate::record::Record;
use crate::{Connection, Framed, Linger, Service};

/// The most requests of one connection that are worked on at a time, unless set otherwise.
const MAX_IN_FLIGHT: usize = 32;

/// Why a conversation ended early.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// How requests are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) max_in_flight: usize,
    pub(super) replies: Replies,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self {
            max_in_flight: MAX_IN_FLIGHT,
            replies: Replies::InOrder,
        }
    }

    pub(super) fn set_max_in_flight(&mut self, requests: usize) {
        assert!(requests > 0, "max_in_flight must be at least 1");
        self.max_in_flight = requests;
    }
}

/// Answers requests until the peer has sent its last, and sends what is `pushed` in between.
pub(super) async fn converse<C, D, E, S>(
    mut framed: Framed<C, D, E>,
    service: &S,
    pace: Pace,
    pushed: Option<Receiver<S::Response>>,
    cx: &crate::Context,
) -> Result<(), Failure>
where
    C: Connection,
    D: Decoder,
    E: Encoder<S::Response>,
    S: Service<D::Item>,
{
    let mut conversation = Conversation {
        framed: &mut framed,
        in_flight: InFlight::new(pace.replies, Stopwatch::new(cx)),
        max_in_flight: pace.max_in_flight,
        pushed: pushed.map(Box::pin),
        record: Arc::clone(cx.record()),
        end: None,
    };
    let ended = poll_fn(|cx| conversation.poll(cx, |request| service.call(request))).await;
    drop(conversation);
    finish(framed, ended, cx).await
}

/// As [`converse`], with requests that lie in the read buffer, and so one after the other.
pub(super) async fn converse_ref<C, D, E, S, T, X>(
    mut framed: Framed<C, D, E>,
    service: &S,
    cx: &crate::Context,
) -> Result<(), Failure>
where
    C: Connection,
    D: BorrowDecoder + Send + 'static,
    E: Encoder<T> + Send,
    S: for<'a> Service<D::Frame<'a>, Response = T, Error = X>,
    X: Into<Failure>,
{
    let record = cx.record();
    let stopwatch = Stopwatch::new(cx);
    let mut count = 0;
    let ended = loop {
        let (request, mut rest) = match framed.next_ref_apart().await {
            Ok(Some(next)) => next,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        };
        count += 1;
        let lap = stopwatch.start();
        let mut answering = pin!(service.call(request));
        let answer = poll_fn(|cx| {
            let answer = answering.as_mut().poll(cx);
            if answer.is_pending() {
                // What was answered before need not wait for it.
                let _ = rest.poll_flush_aside(cx);
                record.answers(count, cx);
            }
            answer
        })
        .await;
        stopwatch.stop(lap);
        match answer {
            Ok(response) => {
                if let Err(error) = rest.append(response) {
                    break Err(error.into());
                }
            }
            Err(error) => break Err(error.into()),
        }
        record.answers_none();
    };
    finish(framed, ended, cx).await
}

/// Sends what was answered, whatever came after it, and closes the connection.
async fn finish<C: Connection, D, E>(
    mut framed: Framed<C, D, E>,
    ended: Result<(), Failure>,
    cx: &crate::Context,
) -> Result<(), Failure> {
    // Nobody is waited for any more but the peer, for whom there are other deadlines.
    cx.record().answers_none();
    let closed = framed.close().await;
    // Where nothing was sent, nothing can be lost.
    if closed.is_ok() && cx.record().written() > 0 {
        Linger::new().wait(framed.connection_mut(), cx).await;
    }
    ended?;
    Ok(closed?)
}

struct Conversation<'a, C, D, E, F: Future, T> {
    framed: &'a mut Framed<C, D, E>,
    in_flight: InFlight<F>,
    max_in_flight: usize,
    pushed: Option<Pin<Box<Receiver<T>>>>,
    record: Arc<Record>,
    /// Once no more requests will come: why. Requests that came before are still answered.
    end: Option<Result<(), Failure>>,
}

impl<C, D, E, F, T, X> Conversation<'_, C, D, E, F, T>
where
    C: Connection,
    D: Decoder,
    E: Encoder<T>,
    F: Future<Output = Result<T, X>>,
    X: Into<Failure>,
{
    fn poll(&mut self, cx: &mut Context<'_>, call: impl Fn(D::Item) -> F) -> Poll<Result<(), Failure>> {
        loop {
            self.in_flight.poll(cx);
            self.send_answers();
            self.send_pushed(cx);
            if self.in_flight.is_empty() && self.end.is_some() {
                self.end_pushes(cx);
                if self.pushed.is_none()
                    && let Some(end) = self.end.take()
                {
                    return Poll::Ready(end);
                }
            }
            let was_full = self.framed.is_full();
            if self.poll_request(cx, &call).is_pending() {
                // Answers may have waited for the room that there is now.
                if was_full && !self.framed.is_full() {
                    continue;
                }
                self.record.answers(self.in_flight.oldest(), cx);
                return Poll::Pending;
            }
        }
    }

    /// Takes the next request, if one may be taken. If not, it sees that what can leave leaves.
    fn poll_request(&mut self, cx: &mut Context<'_>, call: impl Fn(D::Item) -> F) -> Poll<()> {
        if self.end.is_some() || self.in_flight.len() >= self.max_in_flight {
            let _ = self.framed.poll_flush_aside(cx);
            return Poll::Pending;
        }
        match self.framed.poll_next_frame(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(Some(request))) => {
                if let Some(answer) = self.in_flight.push(call(request), cx) {
                    self.send(answer);
                }
            }
            Poll::Ready(Ok(None)) => self.end = Some(Ok(())),
            Poll::Ready(Err(error)) => self.end = Some(Err(error.into())),
        }
        Poll::Ready(())
    }

    /// Sends the answers whose turn it is, up to the high watermark.
    fn send_answers(&mut self) {
        while !self.framed.is_full()
            && let Some(answer) = self.in_flight.pop()
        {
            self.send(answer);
        }
    }

    fn send_pushed(&mut self, cx: &mut Context<'_>) {
        while let Some(pushed) = &mut self.pushed
            && !self.framed.is_full()
        {
            match pushed.as_mut().poll_next(cx) {
                Poll::Ready(Some(frame)) => {
                    if let Err(error) = self.framed.append(frame) {
                        self.fail(error.into());
                    }
                }
                Poll::Ready(None) => self.pushed = None,
                Poll::Pending => break,
            }
        }
    }

    /// Takes no more of what is pushed, and sends what was taken.
    fn end_pushes(&mut self, cx: &mut Context<'_>) {
        if let Some(pushed) = &self.pushed {
            pushed.close();
        }
        self.send_pushed(cx);
    }

    fn send(&mut self, answer: Result<T, X>) {
        match answer {
            Ok(response) => {
                if let Err(error) = self.framed.append(response) {
                    self.fail(error.into());
                }
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Ends it, for the first reason that there is. What was answered and pushed before still leaves.
    fn fail(&mut self, why: Failure) {
        if !matches!(self.end, Some(Err(_))) {
            self.end = Some(Err(why));
        }
        self.in_flight.clear();
    }
}
