//! How a client comes back, and how long its calls wait for it.

use std::time::Duration;

/// Limits of a [`ReconnectingClient`](crate::ReconnectingClient).
///
/// | | default | set with |
/// |---|---|---|
/// | wait before the next attempt | up to 100 ms, doubling up to 30 s | [`backoff`](Self::backoff) |
/// | time to connect | 30 s | [`connect_timeout`](Self::connect_timeout) |
/// | time a call may take, retries included | 30 s | [`timeout`](Self::timeout) |
/// | retries | 100, and one more for every 5 calls | [`retries`](Self::retries) |
/// | failures after which calls fail at once | never | [`fail_after`](Self::fail_after) |
#[derive(Debug, Clone, Copy)]
pub struct ReconnectOptions {
    pub(super) base: Duration,
    pub(super) cap: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) reserve: u32,
    pub(super) percent: u32,
    pub(super) fail_after: u32,
}

impl ReconnectOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            reserve: 100,
            percent: 20,
            fail_after: u32::MAX,
        }
    }

    /// Sets how long to wait before the next attempt: see [`Backoff`](crate::Backoff). Up to `base` (100 ms unless set) after
    /// the first failure or loss, up to `cap` (30 seconds unless set) after many.
    ///
    /// # Panics
    /// Panics if either is zero: a server that refuses would be asked again without a pause, for ever.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        assert!(
            !base.is_zero() && !cap.is_zero(),
            "both times of backoff must be longer than zero"
        );
        self.base = base;
        self.cap = cap;
        self
    }

    /// Sets how long making a connection ready may take; 30 seconds unless set.
    #[must_use]
    pub const fn connect_timeout(mut self, duration: Duration) -> Self {
        self.connect_timeout = duration;
        self
    }

    /// Sets how long a call may take, with its wait for a connection and all its retries; 30 seconds unless set.
    #[must_use]
    pub const fn timeout(mut self, duration: Duration) -> Self {
        self.timeout = duration;
        self
    }

    /// Sets the budget for calling again what may have been sent: `reserve` retries (100 unless set), refilled by every call
    /// with `percent` of one (20 unless set).
    #[must_use]
    pub const fn retries(mut self, reserve: u32, percent: u32) -> Self {
        self.reserve = reserve;
        self.percent = percent;
        self
    }

    /// Has calls fail at once, rather than wait, after so many failures in a row, until an attempt succeeds; never unless
    /// set. The loss of a connection counts as one.
    ///
    /// # Panics
    /// Panics if it is 0: no call would ever wait for the first connection.
    #[must_use]
    pub const fn fail_after(mut self, failures: u32) -> Self {
        assert!(failures > 0, "fail_after must be at least 1 failure");
        self.fail_after = failures;
        self
    }
}

impl Default for ReconnectOptions {
    fn default() -> Self {
        Self::new()
    }
}
