//! Timers that may complete, move and wake in the wrong way.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use wirework::{Runtime, Timer as _};

use super::Fault;
use super::Sabotaged;

#[derive(Debug)]
pub(crate) struct Timer {
    rt: Sabotaged,
    inner: wirework_smol::Timer,
    deadline: Instant,
    /// Its deadline had passed when it was made.
    born_late: bool,
    complete: bool,
    first_waker: Option<Waker>,
}

impl Timer {
    pub(crate) fn new(rt: Sabotaged, deadline: Instant) -> Self {
        let mut timer = Self {
            inner: rt.inner.timer(rt.inner_time(deadline)),
            born_late: deadline < rt.now(),
            rt,
            deadline,
            complete: false,
            first_waker: None,
        };
        if timer.fault() == Fault::TimerIsEarly {
            let early = timer.rt.inner_time(deadline).checked_sub(Duration::from_micros(300));
            Pin::new(&mut timer.inner).reset(early.expect("the clock has been running for a while"));
        }
        timer
    }

    fn fault(&self) -> Fault {
        self.rt.fault
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.fault() {
            Fault::CompleteOnlyOnce if self.complete => return Poll::Pending,
            Fault::PastIsNeverComplete if self.born_late => return Poll::Pending,
            Fault::FarFutureIsNow if self.deadline > self.rt.now() + Duration::from_hours(24 * 365) => {
                return Poll::Ready(());
            }
            _ => {}
        }
        let waker = match self.fault() {
            Fault::FirstWakerStays => self.first_waker.get_or_insert_with(|| cx.waker().clone()).clone(),
            _ => cx.waker().clone(),
        };
        let polled = Pin::new(&mut self.inner).poll(&mut Context::from_waker(&waker));
        self.complete |= polled.is_ready();
        polled
    }
}

impl wirework::Timer for Timer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        if self.fault() != Fault::ResetIsIgnored {
            self.complete = false;
            self.deadline = deadline;
            let deadline = self.rt.inner_time(deadline);
            Pin::new(&mut self.inner).reset(deadline);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.fault() == Fault::DroppedTimerWakes {
            // The one that is waited for stays registered.
            let unused = self.rt.inner.timer(self.deadline);
            mem::forget(mem::replace(&mut self.inner, unused));
        }
    }
}
