//! Waiting, on the clock of a runtime: [`sleep`], [`timeout`](timeout()), [`deadline`] and [`interval`](interval()).
//!
//! Free functions over any [`Runtime`], so that an adapter implements a timer and nothing else. A [`Context`](crate::Context)
//! is a runtime too.

mod interval;
mod timeout;

use std::time::{Duration, Instant};

pub use self::interval::{Interval, interval};
pub use self::timeout::{TimedOut, Timeout, deadline, timeout};
use crate::Runtime;

/// What stands for "never" where a deadline would be beyond what the clock can count: 30 years.
const FAR: Duration = Duration::from_hours(30 * 365 * 24);

/// Waits for `duration`.
///
/// # Cancel safety
/// Dropping the future changes nothing.
pub fn sleep<R: Runtime>(runtime: &R, duration: Duration) -> R::Timer {
    runtime.timer(after(runtime.now(), duration))
}

/// So many nanoseconds, of which a `u64` holds 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The instant `duration` after `start`, or some 30 years after it if that is beyond the clock.
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    start.checked_add(duration).unwrap_or_else(|| start + FAR)
}
