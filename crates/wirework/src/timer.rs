//! A timer that is made once and set again as often as needed.

use std::pin::Pin;
use std::time::Instant;

/// Completes at its deadline on the clock of the runtime that made it, never before.
///
/// Pin it once and [`reset`](Self::reset) it: a deadline that moves with every message then costs no allocation. Once
/// complete it may be polled again and stays complete until it is reset.
///
/// # Cancel safety
/// Dropping a timer cancels it.
pub trait Timer: Future<Output = ()> + Send + 'static {
    /// Moves the deadline, whether or not the old one has passed. A task that waits for the timer must poll it again.
    fn reset(self: Pin<&mut Self>, deadline: Instant);
}

/// A timer whose runtime is erased.
pub type BoxTimer = Pin<Box<dyn Timer>>;

impl Timer for BoxTimer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.get_mut().as_mut().reset(deadline);
    }
}
