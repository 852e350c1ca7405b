//! So much per second, and no more: a token bucket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Runtime;
use crate::time::after;

/// Lets through so many units a second: requests, or bytes, or whatever is counted. Clones share the limit.
///
/// It is a bucket that holds up to `burst` units and is refilled at a steady rate. Who finds too few in it waits until they
/// would be there, first come first served. It takes one lock and, where there is something to wait for, one timer; a client
/// uses it before it calls, a server before it reads the next request.
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

#[derive(Debug)]
struct Bucket {
    per_second: u64,
    burst: u64,
    /// When the bucket is full again, as it stands. What lies in the future has been taken; nothing else has to be counted.
    full_at: Instant,
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
            bucket: Arc::new(Mutex::new(Bucket {
                per_second,
                burst,
                full_at: runtime.now(),
            })),
        }
    }

    /// Takes `units`, as soon as they are there. More than the burst may be taken at once: that takes as long as it takes to
    /// fill up what is missing.
    ///
    /// The wait has no bound of its own; [`timeout`](crate::time::timeout()) gives it one.
    ///
    /// # Cancel safety
    /// A dropped future gives its units back. Those who came after it do not go earlier.
    pub async fn take(&self, units: u64) {
        let now = self.runtime.now();
        let ready_at = self.bucket().take(units, now);
        if ready_at <= now {
            return;
        }
        let mut taken = Taken { limiter: self, units };
        self.runtime.timer(ready_at).await;
        taken.units = 0;
    }

    /// Takes `units` if they are there now.
    ///
    /// # Errors
    /// Gives the time after which they would be there if nobody took any in between. Nothing is taken then.
    pub fn try_take(&self, units: u64) -> Result<(), Duration> {
        let now = self.runtime.now();
        let mut bucket = self.bucket();
        let ready_at = bucket.take(units, now);
        if ready_at > now {
            bucket.give_back(units);
            return Err(ready_at - now);
        }
        Ok(())
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // It is a date: a panic elsewhere cannot have spoilt it.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Units that are waited for; given back when dropped.
struct Taken<'a, R: Runtime> {
    limiter: &'a RateLimiter<R>,
    units: u64,
}

impl<R: Runtime> Drop for Taken<'_, R> {
    fn drop(&mut self) {
        if self.units > 0 {
            self.limiter.bucket().give_back(self.units);
        }
    }
}

impl Bucket {
    /// Takes `units`. Gives the time from which they may be used.
    fn take(&mut self, units: u64, now: Instant) -> Instant {
        self.full_at = after(self.full_at.max(now), self.time_of(units));
        // A bucket that is full in no more than the time of a burst is not empty.
        self.full_at.checked_sub(self.time_of(self.burst)).unwrap_or(now)
    }

    fn give_back(&mut self, units: u64) {
        let earlier = self.full_at.checked_sub(self.time_of(units));
        self.full_at = earlier.unwrap_or(self.full_at);
    }

    /// How long it takes to fill so many in.
    fn time_of(&self, units: u64) -> Duration {
        let nanos = u128::from(units) * 1_000_000_000 / u128::from(self.per_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let now = Instant::now();
        let ms = |ms| now + Duration::from_millis(ms);
        let mut bucket = Bucket {
            per_second: 100,
            burst: 3,
            full_at: now,
        };
        assert!((0..3).all(|_| bucket.take(1, now) <= now));
        assert_eq!([bucket.take(1, now), bucket.take(2, now)], [ms(10), ms(30)]);
        bucket.give_back(2);
        assert_eq!(bucket.take(1, ms(10)), ms(20));
        // What was not used is saved up, to one burst and not beyond.
        let later = ms(1_000_000);
        assert!((0..3).all(|_| bucket.take(1, later) <= later));
        assert_eq!(bucket.take(1, later), later + Duration::from_millis(10));
    }

    #[test]
    fn more_than_a_burst_takes_its_time() {
        let now = Instant::now();
        let mut bucket = Bucket {
            per_second: 1000,
            burst: 1,
            full_at: now,
        };
        assert_eq!(bucket.take(1001, now), now + Duration::from_secs(1));
        assert!(bucket.take(u64::MAX, now) > now);
    }
}
