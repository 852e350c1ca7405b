//! Timers, which are tokio's under the core's trait.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::task::unconstrained;
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
        // A deadline also holds for what has used up its turn of tokio's cooperative scheduling, which a timer is then refused.
        Pin::new(&mut unconstrained(self.project().sleep)).poll(cx)
    }
}

impl wirework::Timer for Timer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().sleep.reset(deadline.into());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::coop;
    use wirework::time::timeout;

    use crate::Tokio;

    #[test]
    fn a_future_that_uses_up_its_turn_is_timed_out() {
        let runtime = Tokio::new(1).unwrap();
        let greedy = async {
            loop {
                coop::consume_budget().await;
            }
        };
        let limited = timeout(&runtime, Duration::from_millis(1), greedy);
        let limited = runtime.handle().block_on(async {
            // tokio's own limit sees to it that this test ends.
            tokio::time::timeout(Duration::from_secs(5), limited).await
        });
        assert!(limited.expect("the timer fires").is_err());
    }
}
