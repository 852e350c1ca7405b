//! A runtime whose clock stands still until a test moves it: deadlines are tested without waiting for them.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use wirework::time::sleep;
use wirework::{Runtime, Timer};

use crate::busy::{Busy, Tracked};

/// Another runtime's tasks with a clock of its own.
#[derive(Clone)]
pub struct ManualClock<R> {
    runtime: R,
    time: Arc<Mutex<Time>>,
    /// What was spawned here and does not wait.
    busy: Busy,
}

struct Time {
    now: Instant,
    waiting: Vec<(Instant, Waker)>,
}

impl<R: Runtime> ManualClock<R> {
    /// A clock that stands at the time of `runtime`.
    pub fn new(runtime: &R) -> Self {
        let now = runtime.now();
        Self {
            runtime: runtime.clone(),
            time: Arc::new(Mutex::new(Time {
                now,
                waiting: Vec::new(),
            })),
            busy: Busy::default(),
        }
    }

    /// Lets time pass once each task that was spawned here waits for something: whatever the test knows of has happened before.
    /// Not to be called in one of them.
    pub async fn advance(&self, duration: Duration) {
        while self.busy.tasks() > 0 {
            sleep(&self.runtime, Duration::from_micros(100)).await;
        }
        self.pass(duration);
    }

    /// Lets time pass at once.
    ///
    /// # Panics
    /// Panics if a waker of the runtime has panicked before.
    pub fn pass(&self, duration: Duration) {
        let mut time = self.time.lock().expect("nothing that panics holds the lock");
        time.now += duration;
        let now = time.now;
        let (due, waiting) = time.waiting.drain(..).partition(|(at, _)| *at <= now);
        time.waiting = waiting;
        drop(time);
        let due: Vec<(Instant, Waker)> = due;
        for (_, waker) in due {
            waker.wake();
        }
    }
}

impl<R> fmt::Debug for ManualClock<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").finish_non_exhaustive()
    }
}

impl<R: Runtime> Runtime for ManualClock<R> {
    type Timer = ManualTimer;
    type Task<T: Send + 'static> = R::Task<T>;

    fn now(&self) -> Instant {
        self.time.lock().expect("nothing that panics holds the lock").now
    }

    fn timer(&self, deadline: Instant) -> ManualTimer {
        ManualTimer {
            deadline,
            time: Arc::clone(&self.time),
        }
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> R::Task<F::Output> {
        self.runtime.spawn(Tracked::new(future, &self.busy))
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> R::Task<T> {
        self.runtime.blocking(function)
    }

    fn random_u64(&self) -> u64 {
        self.runtime.random_u64()
    }
}

/// A timer of a [`ManualClock`].
pub struct ManualTimer {
    deadline: Instant,
    time: Arc<Mutex<Time>>,
}

impl fmt::Debug for ManualTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualTimer").finish_non_exhaustive()
    }
}

impl Future for ManualTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut time = self.time.lock().expect("nothing that panics holds the lock");
        if time.now >= self.deadline {
            return Poll::Ready(());
        }
        time.waiting.push((self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl Timer for ManualTimer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
    }
}
