//! Lets time pass on the runtime's own clock.
//!
//! Only for checks that something does *not* happen. What should happen is waited for.

use std::time::Duration;

use wirework::Runtime;

/// Completes after `duration`.
pub(crate) async fn pause<R: Runtime>(rt: &R, duration: Duration) {
    rt.timer(rt.now() + duration).await;
}
