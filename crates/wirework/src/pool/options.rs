//! What bounds a pool.

use std::time::Duration;

/// Limits of a [`Pool`](crate::Pool).
///
/// | | default | set with |
/// |---|---|---|
/// | connections at most | 16 | [`max`](Self::max) |
/// | connections at least | 0 | [`min`](Self::min) |
/// | time to get one | 30 s | [`timeout`](Self::timeout) |
/// | time to check one that lay idle | 5 s | [`check_timeout`](Self::check_timeout) |
/// | time that one may lie idle | 1 min | [`idle_timeout`](Self::idle_timeout) |
/// | time that one may live | 30 min | [`lifetime`](Self::lifetime) |
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    pub(super) max: usize,
    pub(super) min: usize,
    pub(super) timeout: Duration,
    pub(super) check_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) lifetime: Duration,
}

impl PoolOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max: 16,
            min: 0,
            timeout: Duration::from_secs(30),
            check_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_mins(1),
            lifetime: Duration::from_mins(30),
        }
    }

    /// Sets how many connections there may be; 16 unless set.
    ///
    /// # Panics
    /// Panics if it is 0.
    #[must_use]
    pub const fn max(mut self, connections: usize) -> Self {
        assert!(connections > 0, "max must be at least 1 connection");
        self.max = connections;
        self
    }

    /// Sets how many connections are kept ready, in use or not; none unless set. No more than [`max`](Self::max).
    #[must_use]
    pub const fn min(mut self, connections: usize) -> Self {
        self.min = connections;
        self
    }

    /// Sets how long getting a connection may take, with the wait in line, the check, and the making of a new one;
    /// 30 seconds unless set.
    #[must_use]
    pub const fn timeout(mut self, duration: Duration) -> Self {
        self.timeout = duration;
        self
    }

    /// Sets how long the [check](crate::PoolSource::check) of an idle connection may take before it is handed out; 5 seconds unless
    /// set. One that takes longer is closed, and a new one made in its place, within what is left of [`timeout`](Self::timeout).
    #[must_use]
    pub const fn check_timeout(mut self, duration: Duration) -> Self {
        self.check_timeout = duration;
        self
    }

    /// Sets after how long an idle connection is closed; 1 minute unless set. It happens up to a quarter of that time later,
    /// but such a connection is never handed out. Where a minimum is kept, a new one takes its place.
    #[must_use]
    pub const fn idle_timeout(mut self, duration: Duration) -> Self {
        self.idle_timeout = duration;
        self
    }

    /// Sets how old a connection may be when it is handed out; 30 minutes unless set, and up to a tenth less, by chance, so
    /// that connections which were made together do not end together.
    #[must_use]
    pub const fn lifetime(mut self, duration: Duration) -> Self {
        self.lifetime = duration;
        self
    }
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self::new()
    }
}
