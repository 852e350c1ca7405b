//! Something to do again and again.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::after;
use crate::{Runtime, Timer};

/// Ticks every `period`, for the first time one period from now.
///
/// # Panics
/// Panics if `period` is zero.
pub fn interval<R: Runtime>(runtime: &R, period: Duration) -> Interval<R> {
    assert!(!period.is_zero(), "the period of an interval must not be zero");
    let next = after(runtime.now(), period);
    Interval {
        timer: Box::pin(runtime.timer(next)),
        runtime: runtime.clone(),
        next,
        period,
    }
}

/// The ticks of [`interval`]; also an endless [`Stream`] of them.
///
/// Ticks keep to the beat they started with. Those that nobody waited for in time are skipped, so a slow user gets one tick
/// at once and not many.
#[derive(Debug)]
pub struct Interval<R: Runtime> {
    runtime: R,
    timer: Pin<Box<R::Timer>>,
    next: Instant,
    period: Duration,
}

impl<R: Runtime> Interval<R> {
    /// Waits for the next tick and says when it was due.
    ///
    /// # Cancel safety
    /// Dropping the future loses no tick.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// [`tick`](Self::tick) as a poll.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.timer.as_mut().poll(cx));
        let due = self.next;
        let late = self.runtime.now().saturating_duration_since(due);
        let missed = u32::try_from(late.as_nanos() / self.period.as_nanos()).unwrap_or(u32::MAX - 1);
        self.next = after(due, self.period.saturating_mul(missed + 1));
        self.timer.as_mut().reset(self.next);
        Poll::Ready(due)
    }
}

impl<R: Runtime + Unpin> Stream for Interval<R> {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }
}
