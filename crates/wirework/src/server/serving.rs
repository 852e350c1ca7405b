//! The task of one connection: its handler, the watch over its deadlines, and the place that it takes.
//!
//! A future written by hand, for what an `async fn` keeps twice is paid for by each connection.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Refusal;
use super::shared::Shared;
use super::tally::End;
use super::watch::{Stop, Watch};
use crate::meter::Meter;
use crate::record::Record;
use crate::{CatchPanic, Runtime, TaskError};

pin_project! {
    /// Runs a handler until it is done, or until the connection is to be ended.
    pub(super) struct Serving<R, U, H, F> {
        // The order of the fields is that in which they are dropped. `None` once it is done.
        #[pin]
        handling: Option<CatchPanic<F>>,
        place: Place<R, U, H>,
    }
}

/// Why a connection ended early by itself.
pub(super) enum Early<E> {
    Handshake(Box<dyn Error + Send + Sync>),
    /// It was logged where the reason was known.
    Refused(Refusal, &'static str),
    Handler(E),
}

impl<R, U, H, F: Future> Serving<R, U, H, F> {
    pub(super) fn new(place: Place<R, U, H>, handling: F) -> Self {
        Self {
            handling: Some(CatchPanic::new(handling)),
            place,
        }
    }
}

impl<R, U, H, F, E> Future for Serving<R, U, H, F>
where
    R: Runtime,
    F: Future<Output = Result<(), Early<E>>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let place = this.place;
        let end = ready!(poll_end(this.handling.as_mut(), place, cx));
        // What the handler holds goes first, the connection above all.
        this.handling.set(None);
        place.leave(end);
        Poll::Ready(())
    }
}

/// How the connection has ended.
fn poll_end<R, U, H, F, E>(
    handling: Pin<&mut Option<CatchPanic<F>>>,
    place: &mut Place<R, U, H>,
    cx: &mut Context<'_>,
) -> Poll<End>
where
    F: Future<Output = Result<(), Early<E>>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let (Some(handling), Some(shared)) = (handling.as_pin_mut(), &place.shared) else {
        return Poll::Pending;
    };
    let record = &place.record;
    // Before the handler waits for anything, so that whatever it is can wake this task through the record.
    record.runs_in(cx.waker());
    if !record.is_closing()
        && let Poll::Ready(result) = handling.poll(cx)
    {
        return Poll::Ready(note_result(result, &shared.host.meter));
    }
    place
        .watch
        .poll(record, &shared.deadlines, &shared.alarms)
        .map(note_stop)
}

/// What a connection takes up until its task ends, in whatever way.
pub(super) struct Place<R, U, H> {
    /// `None` once it has been left. How it ended is not kept here: each connection would have room for it all its life.
    shared: Option<Arc<Shared<R, U, H>>>,
    record: Arc<Record>,
    watch: Watch,
}

impl<R, U, H> Place<R, U, H> {
    pub(super) fn new(shared: &Arc<Shared<R, U, H>>, record: &Arc<Record>) -> Self {
        Self {
            shared: Some(Arc::clone(shared)),
            record: Arc::clone(record),
            watch: Watch::new(),
        }
    }

    fn leave(&mut self, end: End) {
        let Some(shared) = self.shared.take() else { return };
        let record = &self.record;
        self.watch.disarm(record, &shared.alarms);
        shared.live.remove(record);
        if record.has_entered() {
            shared.clients.leave(record.peer());
        }
        if !record.is_accepted() && !matches!(end, End::Refused(..)) {
            shared.tally.accept();
        }
        shared.tally.end(end, shared.drain.has_begun());
    }
}

impl<R, U, H> Drop for Place<R, U, H> {
    fn drop(&mut self) {
        self.leave(End::Cut);
    }
}

/// Logs how a handler ended.
fn note_result<E>(result: Result<Result<(), Early<E>>, TaskError>, meter: &Meter) -> End
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match result {
        Ok(Ok(())) => End::Completed,
        Ok(Err(Early::Handler(error))) => {
            let error = error.into();
            meter.failure(&*error);
            tracing::debug!(error = %chain(&*error), "handler failed");
            End::Failed
        }
        Ok(Err(Early::Handshake(error))) => {
            meter.failure(&*error);
            tracing::debug!(error = %chain(&*error), "handshake failed");
            End::Failed
        }
        Ok(Err(Early::Refused(why, reason))) => End::Refused(why, reason),
        Err(panic) => {
            meter.error("panic");
            tracing::error!(error = %panic, "handler panicked");
            End::Panicked
        }
    }
}

/// Logs why a handler was not to go on.
fn note_stop(stop: Stop) -> End {
    match stop {
        Stop::Missed(deadline) => {
            tracing::debug!(%deadline, "deadline missed");
            End::TimedOut(deadline)
        }
        Stop::Closed => {
            tracing::debug!("cut off");
            End::Cut
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
