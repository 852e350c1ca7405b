//! What bounds the calls of one connection.

use std::time::Duration;

/// Limits of a [`Client`](crate::Client).
///
/// | | default | set with |
/// |---|---|---|
/// | requests sent and not answered | 1024 | [`max_in_flight`](Self::max_in_flight) |
/// | time a call may take | 30 s | [`timeout`](Self::timeout) |
/// | silence, once a call has timed out, until the connection counts as lost | 30 s | [`dead_after`](Self::dead_after) |
/// | pushes that nobody has taken | 1024 | [`max_pushes`](Self::max_pushes) |
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    pub(super) max_in_flight: usize,
    pub(super) timeout: Duration,
    pub(super) dead_after: Option<Duration>,
    pub(super) max_pushes: usize,
}

impl ClientOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_in_flight: 1024,
            timeout: Duration::from_secs(30),
            dead_after: Some(Duration::from_secs(30)),
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

    /// Sets how long the server may then say nothing at all, once a sent call has timed out, until the connection counts as lost;
    /// 30 seconds unless set. Whatever comes, be it a byte, ends the count. `None` keeps a connection however silent it is.
    ///
    /// A server that takes requests and never answers is no broken connection to the system, so nothing else would tell: every
    /// call would time out, one after the other, for ever. Lost, all pending calls fail with the same cause, of kind
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), and who can [makes a new connection](crate::ReconnectingClient).
    ///
    /// Where answers come [in order](crate::Client::pipelined), one may hold up all others. So while the call that is next to be
    /// answered still waits, having been given [longer](crate::Call::within) than those behind it, the silence is what was asked
    /// for, and those which time out behind it do not count.
    #[must_use]
    pub fn dead_after(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.dead_after = silence.into();
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
