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
///
/// ```
/// use std::time::Duration;
/// use wirework::{Runtime, time::interval};
///
/// async fn count_down<R: Runtime>(runtime: &R) {
///     let mut seconds = interval(runtime, Duration::from_secs(1));
///     for left in (0..10).rev() {
///         seconds.tick().await;
///         println!("{left}");
///     }
/// }
/// ```
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
        self.next = next_after(self.runtime.now(), due, self.period);
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

/// The first instant after `now` that is a number of periods from `due`.
fn next_after(now: Instant, due: Instant, period: Duration) -> Instant {
    let late = now.saturating_duration_since(due);
    let into = late.as_nanos() % period.as_nanos();
    let into = Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX));
    after(now.max(due), period.saturating_sub(into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_tick_is_on_the_beat_however_late_it_is() {
        let due = Instant::now();
        let period = Duration::from_nanos(3);
        for late in [
            0,
            1,
            2,
            3,
            4,
            3 * u64::from(u32::MAX),
            3 * u64::from(u32::MAX) + 1,
            1 << 60,
        ] {
            let now = due + Duration::from_nanos(late);
            let next = next_after(now, due, period);
            assert!(next > now && next <= now + period, "{late}");
            assert_eq!((next - due).as_nanos() % 3, 0, "{late}");
        }
        assert!(next_after(due, due, Duration::MAX) > due);
        assert_eq!(next_after(due, due + period, period), due + 2 * period);
    }
}
