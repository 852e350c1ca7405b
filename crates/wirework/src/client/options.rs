//! What bounds the calls of one connection.

use std::time::Duration;

/// Limits of a [`Client`](crate::Client).
///
/// | | default | set with |
/// |---|---|---|
/// | requests sent and not answered | 1024 | [`max_in_flight`](Self::max_in_flight) |
/// | time a call may take | 30 s | [`timeout`](Self::timeout) |
/// | pushes that nobody has taken | 1024 | [`max_pushes`](Self::max_pushes) |
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    pub(super) max_in_flight: usize,
    pub(super) timeout: Duration,
    pub(super) max_pushes: usize,
}

impl ClientOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_in_flight: 1024,
            timeout: Duration::from_secs(30),
            max_pushes: 1024,
        }
    }

    /// Sets how many requests may be sent and not answered; 1024 unless set. Further calls wait their turn, first come
    /// first served, with their requests unsent.
    ///
    /// # Panics
    /// Panics if `calls` is 0.
    #[must_use]
    pub const fn max_in_flight(mut self, calls: usize) -> Self {
        assert!(calls > 0, "max_in_flight must be at least 1 call");
        self.max_in_flight = calls;
        self
    }

    /// Sets how long a call may take, its wait for a turn included; 30 seconds unless set. A single call can ask for
    /// another limit with [`Call::within`](crate::Call::within).
    #[must_use]
    pub const fn timeout(mut self, duration: Duration) -> Self {
        self.timeout = duration;
        self
    }

    /// Sets how many pushes are kept for whoever takes them; 1024 unless set. Newer ones are then dropped, and counted, so
    /// that a slow listener does not stop the answers behind them.
    #[must_use]
    pub const fn max_pushes(mut self, frames: usize) -> Self {
        self.max_pushes = frames;
        self
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}
