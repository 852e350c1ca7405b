//! The clock of one host: the world's time, shifted and stretched.
//!
//! Hosts of a real network do not agree on the time nor on how fast it goes, so code that compares the clocks of two of them
//! is wrong; here it fails.

/// Parts of a billion that a clock goes when it goes right.
const BILLION: i128 = 1_000_000_000;

/// Maps the world's time to a host's and back, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// What the host's clock shows when the world begins.
    offset: u64,
    /// How many nanoseconds it goes in a second of the world.
    rate: i128,
}

impl Clock {
    /// A clock that shows `offset` at first and gains `drift` nanoseconds a second.
    pub(crate) fn new(offset: u64, drift: i32) -> Self {
        Self {
            offset,
            rate: BILLION + i128::from(drift),
        }
    }

    /// What it shows at `world`.
    pub(crate) fn local(&self, world: u64) -> u64 {
        if self.rate == BILLION {
            return self.offset.saturating_add(world);
        }
        let gone = i128::from(world) * self.rate / BILLION;
        self.offset.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX))
    }

    /// When it first shows `local` or more.
    pub(crate) fn world(&self, local: u64) -> u64 {
        let gone = local.saturating_sub(self.offset);
        if self.rate == BILLION || local == u64::MAX {
            return gone;
        }
        // Rounded up, because a timer may be late by a nanosecond but never early.
        let world = (i128::from(gone) * BILLION + self.rate - 1) / self.rate;
        u64::try_from(world).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_exact() {
        for drift in [-200_000, -1, 0, 1, 77, 500_000_000] {
            let clock = Clock::new(12_345, drift);
            for world in [0, 1, 999, 1_000_000_007, 86_400_000_000_001] {
                let local = clock.local(world);
                let back = clock.world(local);
                assert!(clock.local(back) >= local, "early at drift {drift}");
                assert!(back == 0 || clock.local(back - 1) < local, "late at drift {drift}");
            }
        }
    }

    #[test]
    fn a_fast_clock_gains() {
        assert_eq!(Clock::new(5, 1_000).local(1_000_000_000), 1_000_001_005);
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Clock::new(0, 10).world(u64::MAX), u64::MAX);
    }
}
