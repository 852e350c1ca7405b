//! So much per second, and no more: a token bucket.

mod bucket;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use self::bucket::Bucket;
use crate::{Runtime, Timer};

/// Lets through so many units a second: requests, or bytes, or whatever is counted. Clones share the limit.
///
/// It is a bucket that holds up to `burst` units and is refilled at a steady rate. Who finds too few in it waits until they
/// would be there, first come first served. It takes one lock and, where there is something to wait for, one timer and a place
/// in a table; a client uses it before it calls, a server before it reads the next request.
///
/// ```
/// # use std::io;
/// use wirework::{Connection, Context, Framed, RateLimiter, codec::Lines};
///
/// /// Answers at most 100 lines a second on each connection, and 10 in a row at once.
/// async fn echo<C: Connection>(mut framed: Framed<C, Lines>, cx: Context) -> io::Result<()> {
///     let limit = RateLimiter::new(&cx, 100, 10);
///     while let Some(line) = framed.next().await? {
///         limit.take(1).await;
///         framed.send(line).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter<R> {
    runtime: R,
    bucket: Arc<Mutex<Bucket>>,
}

impl<R: Runtime> RateLimiter<R> {
    /// Lets `per_second` units through each second, and up to `burst` of them at once. The bucket is full at first.
    ///
    /// # Panics
    /// Panics if either is 0.
    pub fn new(runtime: &R, per_second: u64, burst: u64) -> Self {
        assert!(per_second > 0, "the rate must be at least 1 unit a second");
        assert!(burst > 0, "the burst must be at least 1 unit");
        Self {
            runtime: runtime.clone(),
            bucket: Arc::new(Mutex::new(Bucket::new(per_second, burst, runtime.now()))),
        }
    }

    /// Takes `units`, as soon as they are there. More than the burst may be taken at once: that takes as long as it takes to
    /// fill up what is missing.
    ///
    /// The wait has no bound of its own; [`timeout`](crate::time::timeout()) gives it one.
    ///
    /// # Cancel safety
    /// A dropped future gives its units back, and those who wait behind it go earlier for that.
    pub async fn take(&self, units: u64) {
        let now = self.runtime.now();
        let Some(ticket) = self.bucket().take(units, now) else {
            return;
        };
        let mut turn = Turn {
            limiter: self,
            ticket: Some(ticket),
        };
        let mut set_to = now;
        let mut timer = pin!(self.runtime.timer(now));
        poll_fn(|cx| {
            while let Some(ready_at) = turn.poll(cx) {
                if set_to != ready_at {
                    timer.as_mut().reset(ready_at);
                    set_to = ready_at;
                }
                ready!(timer.as_mut().poll(cx));
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Takes `units` if they are there now.
    ///
    /// # Errors
    /// Gives the time after which they would be there if nobody took any in between. Nothing is taken then.
    pub fn try_take(&self, units: u64) -> Result<(), Duration> {
        let now = self.runtime.now();
        self.bucket().try_take(units, now)
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // Whole between two methods, so a panic elsewhere cannot have spoilt it.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in line, given up when dropped.
struct Turn<'a, R: Runtime> {
    limiter: &'a RateLimiter<R>,
    ticket: Option<u64>,
}

impl<R: Runtime> Turn<'_, R> {
    /// When the units are there; `None` if they are, and are taken.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<Instant> {
        let ticket = self.ticket?;
        let now = self.limiter.runtime.now();
        let mut bucket = self.limiter.bucket();
        let (waits, waker) = match bucket.ready_at(ticket) {
            Some(ready_at) if now < ready_at => (Some(ready_at), bucket.set_waker(ticket, cx.waker())),
            _ => (None, bucket.finish(ticket)),
        };
        // Wakers may run anything, even when they are dropped, so not under the lock.
        drop(bucket);
        if waits.is_some() {
            drop(waker);
            return waits;
        }
        self.ticket = None;
        waker.into_iter().for_each(Waker::wake);
        None
    }
}

impl<R: Runtime> Drop for Turn<'_, R> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let now = self.limiter.runtime.now();
        let (removed, next) = self.limiter.bucket().leave(ticket, now);
        drop(removed);
        next.into_iter().for_each(Waker::wake);
    }
}
