//! smol with a fault, and with a clock that can be made to run fast.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use wirework::Runtime;
use wirework_smol::Smol;

use super::Fault;
use super::task::Task;
use super::timer::Timer;

/// A runtime with one fault.
#[derive(Debug, Clone)]
pub(crate) struct Sabotaged {
    pub(crate) inner: Smol,
    pub(crate) fault: Fault,
    start: Instant,
    speed: u32,
    clock_reads: Arc<AtomicU32>,
}

impl Sabotaged {
    /// Runs `main` on it.
    pub(crate) fn run<F: Future>(fault: Fault, main: impl FnOnce(Self) -> F) -> F::Output {
        Self::run_at(1, fault, main)
    }

    /// The same with a clock that goes 20 times as fast, so that what hangs is given up soon.
    pub(crate) fn run_fast<F: Future>(fault: Fault, main: impl FnOnce(Self) -> F) -> F::Output {
        Self::run_at(20, fault, main)
    }

    fn run_at<F: Future>(speed: u32, fault: Fault, main: impl FnOnce(Self) -> F) -> F::Output {
        wirework_smol::run(|inner| {
            main(Self {
                start: inner.now(),
                inner,
                fault,
                speed,
                clock_reads: Arc::default(),
            })
        })
    }

    /// When a point in time of this clock comes on the inner one, rounded up.
    pub(crate) fn inner_time(&self, time: Instant) -> Instant {
        self.start + time.saturating_duration_since(self.start).div_ceil(self.speed)
    }
}

impl Runtime for Sabotaged {
    type Timer = Timer;
    type Task<T: Send + 'static> = Task<T>;

    fn now(&self) -> Instant {
        let now = self.start + (self.inner.now() - self.start) * self.speed;
        if self.fault == Fault::ClockGoesBack && self.clock_reads.fetch_add(1, Ordering::Relaxed) % 5 == 4 {
            return self.start;
        }
        now
    }

    fn timer(&self, deadline: Instant) -> Timer {
        Timer::new(self.clone(), deadline)
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Task<F::Output> {
        Task::new(self.fault, self.inner.spawn(future))
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        let task = match self.fault {
            Fault::BlockingOnTheExecutor => self.inner.spawn(async { function() }),
            _ => self.inner.blocking(function),
        };
        Task::new(self.fault, task)
    }

    fn random_u64(&self) -> u64 {
        match self.fault {
            Fault::RandomIsConstant => 4, // Chosen by a fair die.
            _ => self.inner.random_u64(),
        }
    }
}

trait DivCeil {
    fn div_ceil(self, divisor: u32) -> Self;
}

impl DivCeil for Duration {
    fn div_ceil(self, divisor: u32) -> Self {
        match self / divisor {
            quotient if quotient * divisor < self => quotient + Duration::from_nanos(1),
            quotient => quotient,
        }
    }
}
