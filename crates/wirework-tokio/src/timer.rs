//! Timers, which are tokio's under the core's trait.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

pin_project! {
    /// Completes at a point in time, never before; tokio counts in milliseconds and rounds up.
    #[derive(Debug)]
    pub struct Timer {
        // tokio makes one in the context of a runtime only.
        #[pin]
        pub(crate) sleep: Sleep,
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

impl wirework::Timer for Timer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().sleep.reset(deadline.into());
    }
}
