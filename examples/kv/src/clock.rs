//! The time of day, on the clock of the runtime.
//!
//! A runtime's clock counts from nowhere in particular. So the time of day is told once, at the start, and goes on from there:
//! on a simulator it is as repeatable as everything else.

use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

use wirework::Runtime;

/// Tells the time since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    since_1970: Duration,
}

impl Clock {
    /// It now is so long after 1970.
    pub fn starting(runtime: &impl Runtime, since_1970: Duration) -> Self {
        Self {
            start: runtime.now(),
            since_1970,
        }
    }

    /// The time since 1970.
    pub fn now(&self, runtime: &impl Runtime) -> Duration {
        self.since_1970 + runtime.now().saturating_duration_since(self.start)
    }

    /// How long ago it was started.
    pub fn uptime(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since_1970)
    }
}

/// Awaits `future` and sets `waited` if it was not ready at once. Commands that come together share one look at the clock: it is
/// read again when something was waited for.
pub async fn noticing<F: Future>(future: F, waited: &mut bool) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        *waited |= polled.is_pending();
        polled
    })
    .await
}

/// Milliseconds since 1970.
pub fn millis(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
