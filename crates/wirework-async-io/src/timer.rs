//! A timer that can be moved.
//!
//! async-io's own timer costs a system call each time it is moved, and waits for ever when it is polled after it fired.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// Completes at a point in time, never before.
///
/// Moving it to a later time costs nothing until the earlier time comes, so that a deadline may move with every message.
#[derive(Debug)]
pub struct Timer {
    /// Set to `armed`; to nothing once that has come.
    inner: async_io::Timer,
    armed: Instant,
    /// When to complete. Not before `armed`.
    deadline: Instant,
}

impl Timer {
    /// A timer that completes at `deadline`.
    #[must_use]
    pub fn at(deadline: Instant) -> Self {
        Self {
            inner: async_io::Timer::at(deadline),
            armed: deadline,
            deadline,
        }
    }

    fn arm(&mut self, at: Instant) {
        self.inner.set_at(at);
        self.armed = at;
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        while this.inner.will_fire() {
            ready!(Pin::new(&mut this.inner).poll(cx));
            if this.armed < this.deadline {
                this.arm(this.deadline);
            }
        }
        Poll::Ready(())
    }
}

impl wirework::Timer for Timer {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        if !this.inner.will_fire() || deadline < this.armed {
            this.arm(deadline);
        }
        this.deadline = deadline;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_lite::future::{block_on, poll_once};
    use wirework::Timer as _;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn it_completes_at_its_deadline_and_stays_complete_until_it_is_reset() {
        let start = Instant::now();
        let mut timer = Timer::at(start + Duration::from_millis(5));
        block_on(&mut timer);
        assert!(Instant::now() >= start + Duration::from_millis(5));
        block_on(&mut timer);
        Pin::new(&mut timer).reset(start + HOUR);
        assert!(block_on(poll_once(&mut timer)).is_none());
        Pin::new(&mut timer).reset(start);
        block_on(&mut timer);
    }

    #[test]
    fn it_can_be_moved_both_ways_while_it_is_waited_for() {
        let start = Instant::now();
        let mut timer = Timer::at(start + Duration::from_millis(1));
        assert!(block_on(poll_once(&mut timer)).is_none() || start.elapsed() >= Duration::from_millis(1));
        let later = start + Duration::from_millis(20);
        Pin::new(&mut timer).reset(later);
        block_on(&mut timer);
        assert!(Instant::now() >= later);

        Pin::new(&mut timer).reset(start + HOUR);
        assert!(block_on(poll_once(&mut timer)).is_none());
        Pin::new(&mut timer).reset(later);
        block_on(&mut timer);
    }

    #[test]
    fn moving_it_later_leaves_the_registration_alone() {
        let start = Instant::now();
        let mut timer = Timer::at(start + HOUR);
        for minutes in 1..60 {
            Pin::new(&mut timer).reset(start + HOUR + Duration::from_mins(minutes));
        }
        assert_eq!(timer.armed, start + HOUR);
        Pin::new(&mut timer).reset(start + HOUR / 2);
        assert_eq!(timer.armed, start + HOUR / 2);
    }
}
