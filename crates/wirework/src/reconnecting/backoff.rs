//! How long to wait before trying again.

use std::time::Duration;

/// Capped exponential backoff with full jitter: after the n-th failure in a row, a time between zero and
/// `base` × 2ⁿ⁻¹, at most `cap`, every one as likely as the other. Many who fail together so do not come back together.
///
/// It holds no clock and no dice: the caller gives a random number and does the waiting.
///
/// ```
/// use std::time::Duration;
/// use wirework::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
/// assert!(backoff.fail(7) <= Duration::from_millis(100));
/// assert!(backoff.fail(u64::MAX / 2) <= Duration::from_millis(200));
/// assert_eq!(backoff.failures(), 2);
/// backoff.succeed();
/// assert_eq!(backoff.ceiling(), Duration::from_millis(100));
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits at most `base` after the first failure, and at most `cap` after any.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, failures: 0 }
    }

    /// Counts a failure and says how long to wait, by a random number over the whole range of `u64`.
    pub fn fail(&mut self, random: u64) -> Duration {
        let ceiling = self.ceiling();
        self.failures = self.failures.saturating_add(1);
        // The upper half of the product: the random number as a fraction of the ceiling. Beyond 584 years it is cut.
        let ceiling = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        let nanos = (u128::from(random) * u128::from(ceiling)) >> u64::BITS;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(ceiling))
    }

    /// Ends the row of failures.
    pub fn succeed(&mut self) {
        self.failures = 0;
    }

    /// How many failures there were in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The longest wait that the next failure can bring.
    #[must_use]
    pub fn ceiling(&self) -> Duration {
        let factor = 2_u32.checked_pow(self.failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
        let ceilings: Vec<_> = (0..6)
            .map(|_| {
                let ceiling = backoff.ceiling().as_secs();
                let longest = backoff.fail(u64::MAX);
                assert!(longest.as_secs() + 1 >= ceiling && longest.as_secs() < ceiling);
                ceiling
            })
            .collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff.fail(0), Duration::ZERO);
        for _ in 0..100 {
            assert!(backoff.fail(u64::MAX) <= Duration::from_secs(10));
        }
    }
}
