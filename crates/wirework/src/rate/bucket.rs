//! The bucket of a rate limiter, and who waits for it to fill up.
//!
//! It counts in ticks, of which a nanosecond has as many as a second has units: so nothing is ever rounded, at any rate.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::time::after;

/// How many ticks it takes to fill in a unit.
const UNIT: u128 = 1_000_000_000;

#[derive(Debug)]
pub(super) struct Bucket {
    per_second: u64,
    /// In ticks.
    burst: u128,
    origin: Instant,
    /// When the bucket is full again, as it stands, in ticks after the origin. What lies in the future has been taken.
    full_at: u128,
    /// Who waits, by their tickets, so in order.
    waiting: BTreeMap<u64, Waiting>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiting {
    /// In ticks.
    units: u128,
    /// When the bucket would be full again if nobody had come later.
    full_at: u128,
    /// Somebody has gone from before it, and it has not looked since.
    moved: bool,
    waker: Option<Waker>,
}

impl Bucket {
    pub(super) fn new(per_second: u64, burst: u64, now: Instant) -> Self {
        Self {
            per_second,
            burst: ticks_of(burst),
            origin: now,
            full_at: 0,
            waiting: BTreeMap::new(),
            next_ticket: 0,
        }
    }

    /// Takes `units`. Gives a ticket if they have to be waited for.
    pub(super) fn take(&mut self, units: u64, now: Instant) -> Option<u64> {
        let full_at = self.full_after(units, now);
        self.full_at = full_at;
        if full_at.saturating_sub(self.burst) <= self.ticks(now) {
            return None;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let waiting = Waiting {
            units: ticks_of(units),
            full_at,
            moved: false,
            waker: None,
        };
        self.waiting.insert(ticket, waiting);
        Some(ticket)
    }

    /// Takes `units` if they are there, and gives the time until they would be if not.
    pub(super) fn try_take(&mut self, units: u64, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_after(units, now);
        let ready_at = full_at.saturating_sub(self.burst);
        if ready_at > self.ticks(now) {
            return Err(self.instant(ready_at).saturating_duration_since(now));
        }
        self.full_at = full_at;
        Ok(())
    }

    /// When the units of one who waits are there.
    pub(super) fn ready_at(&self, ticket: u64) -> Option<Instant> {
        let waiting = self.waiting.get(&ticket)?;
        Some(self.instant(waiting.full_at.saturating_sub(self.burst)))
    }

    /// Has `waker` woken when the units may be there earlier. Gives the one it replaces.
    pub(super) fn set_waker(&mut self, ticket: u64, waker: &Waker) -> Option<Waker> {
        let waiting = self.waiting.get_mut(&ticket)?;
        waiting.moved = false;
        if waiting.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            return None;
        }
        waiting.waker.replace(waker.clone())
    }

    /// One who waited has its units. Gives who is to be woken, to look when its own are there.
    pub(super) fn finish(&mut self, ticket: u64) -> Option<Waker> {
        self.waiting.remove(&ticket);
        self.next_moved(ticket)
    }

    /// One who waited gives up: those behind it move up, though not beyond what the bucket holds. Gives what is to be
    /// dropped, and who is to be woken.
    pub(super) fn leave(&mut self, ticket: u64, now: Instant) -> (Option<Waker>, Option<Waker>) {
        let Some(left) = self.waiting.remove(&ticket) else {
            return (None, None);
        };
        let without = left.full_at.saturating_sub(left.units).max(self.ticks(now));
        let earlier = left.full_at.saturating_sub(without);
        self.full_at -= earlier;
        for (_, waiting) in self.waiting.range_mut(ticket..) {
            waiting.full_at -= earlier;
            waiting.moved = true;
        }
        (left.waker, self.next_moved(ticket))
    }

    /// The next one behind, if it does not know that it has moved up. It passes that on when it goes.
    fn next_moved(&mut self, ticket: u64) -> Option<Waker> {
        let (_, next) = self.waiting.range_mut(ticket..).next()?;
        if next.moved { next.waker.take() } else { None }
    }

    fn full_after(&self, units: u64, now: Instant) -> u128 {
        self.full_at.max(self.ticks(now)).saturating_add(ticks_of(units))
    }

    fn ticks(&self, at: Instant) -> u128 {
        let nanos = at.saturating_duration_since(self.origin).as_nanos();
        nanos.saturating_mul(self.per_second.into())
    }

    /// The first instant that is not before.
    fn instant(&self, ticks: u128) -> Instant {
        let nanos = ticks.div_ceil(self.per_second.into());
        after(
            self.origin,
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)),
        )
    }
}

fn ticks_of(units: u64) -> u128 {
    u128::from(units) * UNIT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `units`, and gives how many milliseconds after `origin` they are there.
    fn take(bucket: &mut Bucket, units: u64, now: Instant) -> u128 {
        let ticket = bucket.take(units, now);
        let ready_at = ticket.map_or(now, |ticket| bucket.ready_at(ticket).unwrap());
        (ready_at - bucket.origin).as_millis()
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let now = Instant::now();
        let mut bucket = Bucket::new(100, 3, now);
        assert!((0..3).all(|_| bucket.take(1, now).is_none()));
        assert_eq!([take(&mut bucket, 1, now), take(&mut bucket, 2, now)], [10, 30]);
        drop(bucket.leave(1, now));
        assert_eq!(take(&mut bucket, 1, now + Duration::from_millis(10)), 20);
        // What was not used is saved up, to one burst and not beyond.
        let later = now + Duration::from_secs(1000);
        assert!((0..3).all(|_| bucket.take(1, later).is_none()));
        assert_eq!(take(&mut bucket, 1, later), 1_000_010);
    }

    #[test]
    fn more_than_a_burst_takes_its_time() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1000, 1, now);
        assert_eq!(take(&mut bucket, 1001, now), 1000);
        for _ in 0..3 {
            assert!(take(&mut bucket, u64::MAX, now) > 1000);
        }
        let far = Bucket::new(u64::MAX, u64::MAX, now).take(u64::MAX, now + Duration::from_secs(u64::MAX >> 2));
        assert_eq!(far, None);
    }
}
