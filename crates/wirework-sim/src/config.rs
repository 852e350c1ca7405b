//! How a simulation is set up.

use std::time::Duration;

use crate::{Choices, ConfigError, Link};

/// In which order tasks that are ready run, and events of the same instant happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// In the order in which they became so.
    Fifo,
    /// All that are ready in an order of chance, then all that have become ready meanwhile; the default. Nobody starves.
    #[default]
    ShuffledRounds,
    /// Any of those that are ready, each time anew. A task may wait long for its turn.
    Random,
}

/// Options of a simulation, by value.
///
/// | | default |
/// |---|---|
/// | [`choices`](Self::choices) | those of seed 0 |
/// | [`policy`](Self::policy) | shuffled rounds |
/// | [`link`](Self::link) | 1 ms each way, without loss or limits |
/// | [`loopback`](Self::loopback) | 20 µs each way |
/// | [`time_limit`](Self::time_limit) | 24 hours |
/// | [`poll_cost`](Self::poll_cost) | nothing |
/// | [`blocking_cost`](Self::blocking_cost) | 50 µs |
/// | [`spurious_polls`](Self::spurious_polls) | none |
/// | [`fresh_wakers`](Self::fresh_wakers) | off |
/// | [`spin_limit`](Self::spin_limit) | 1,000 polls |
/// | [`log_length`](Self::log_length) | 200 entries |
/// | [`capture`](Self::capture) | off |
///
/// ```
/// use std::time::Duration;
/// use wirework_sim::{Choices, Config, Link};
///
/// let slow = Link::new().latency(Duration::from_millis(40)).bandwidth(64 << 10);
/// let config = Config::new().choices(Choices::seeded(7)).link(slow).fresh_wakers(true);
/// # let _ = config;
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) choices: Choices,
    pub(crate) policy: Policy,
    pub(crate) link: Link,
    pub(crate) loopback: Link,
    pub(crate) time_limit: Duration,
    pub(crate) poll_cost: Duration,
    pub(crate) blocking_cost: Duration,
    pub(crate) spurious_polls: u32,
    pub(crate) fresh_wakers: bool,
    pub(crate) spin_limit: u32,
    pub(crate) log_length: usize,
    pub(crate) capture: bool,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            choices: Choices::seeded(0),
            policy: Policy::default(),
            link: Link::new(),
            loopback: Link::new().latency(Duration::from_micros(20)),
            time_limit: Duration::from_hours(24),
            poll_cost: Duration::ZERO,
            blocking_cost: Duration::from_micros(50),
            spurious_polls: 0,
            fresh_wakers: false,
            spin_limit: 1_000,
            log_length: 200,
            capture: false,
        }
    }

    /// Sets where all that is left to chance comes from: the choices of seed 0 unless set.
    #[must_use]
    pub fn choices(mut self, choices: Choices) -> Self {
        self.choices = choices;
        self
    }

    /// Sets the order of what could happen in any order.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets what hosts are connected by where [`Sim::set_link`](crate::Sim::set_link) says nothing else.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Sets what a host is connected to itself by.
    #[must_use]
    pub fn loopback(mut self, link: Link) -> Self {
        self.loopback = link;
        self
    }

    /// Sets how much simulated time may pass before the run counts as failed: 24 hours unless set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how much simulated time each poll of a task takes; none unless set.
    #[must_use]
    pub fn poll_cost(mut self, cost: Duration) -> Self {
        self.poll_cost = cost;
        self
    }

    /// Sets how much simulated time passes before a function given to `blocking` runs; 50 µs unless set.
    #[must_use]
    pub fn blocking_cost(mut self, cost: Duration) -> Self {
        self.blocking_cost = cost;
        self
    }

    /// Sets after how many of a million polls a waiting task is polled again though nothing woke it; never unless set. To a
    /// correct future this changes nothing.
    ///
    /// # Panics
    /// Panics if it is more than 900,000: such tasks would hardly do anything else.
    #[must_use]
    pub fn spurious_polls(mut self, per_million: u32) -> Self {
        assert!(
            per_million <= 900_000,
            "at most 900,000 of a million polls may be spurious"
        );
        self.spurious_polls = per_million;
        self
    }

    /// Sets whether each poll of a task comes with a new waker, and the old ones wake nobody; not unless set. A future that
    /// keeps the first waker it saw is found out so.
    #[must_use]
    pub fn fresh_wakers(mut self, on: bool) -> Self {
        self.fresh_wakers = on;
        self
    }

    /// Sets how often a task may be polled without anything happening in the network or a timer becoming due, before that is
    /// noted as a hazard, and time moves on to the next event all the same; 1,000 times unless set. A task that is polled a
    /// thousand times as often while nothing is to come ends the run.
    ///
    /// # Panics
    /// Panics if it is 0.
    #[must_use]
    pub fn spin_limit(mut self, polls: u32) -> Self {
        assert!(polls > 0, "the spin limit must be at least 1 poll");
        self.spin_limit = polls;
        self
    }

    /// Sets how many of the last events are kept for the report of a failure; 200 unless set.
    #[must_use]
    pub fn log_length(mut self, entries: usize) -> Self {
        self.log_length = entries;
        self
    }

    /// Sets whether the packets that arrive are kept for [`Sim::take_capture`](crate::Sim::take_capture); not unless set.
    #[must_use]
    pub fn capture(mut self, on: bool) -> Self {
        self.capture = on;
        self
    }

    /// Fails for what no world can be like, naming what is wrong.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        [&self.link, &self.loopback].into_iter().try_for_each(Link::check)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
