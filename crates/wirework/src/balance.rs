//! Which of several endpoints to use: the next, or the one with the least to do, and none that fails.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Runtime;
use crate::time::after;

/// How [`Balancer`] chooses among the endpoints that are not ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// The one that is picked the fewest times at the moment; among equals, one after the other.
    LeastLoaded,
}

/// The longest ejection, unless the first one is longer.
const MAX_EJECTION: Duration = Duration::from_mins(5);

/// Shares work out to several endpoints: pools, clients, addresses. Clones share what they know.
///
/// Who picks an endpoint says what became of it. One that has failed several times in a row is ejected: it is not picked for
/// a while, then tried again, and if it fails again ejected for twice as long, up to 5 minutes. Where all are ejected, all are
/// picked as if none were.
///
/// | | default | set with |
/// |---|---|---|
/// | how to choose | least loaded | [`policy`](Self::policy) |
/// | failures in a row until ejection | 5 | [`eject_after`](Self::eject_after) |
/// | the first ejection | 10 s | [`eject_for`](Self::eject_for) |
///
/// ```
/// # use std::io;
/// use wirework::{Balancer, Connector, Network};
///
/// async fn connect<N: Network>(network: &N, balancer: &Balancer<N, &str>) -> io::Result<N::TcpStream> {
///     let endpoint = balancer.pick();
///     let stream = Connector::new(network).connect(*endpoint).await;
///     endpoint.report(stream.is_ok());
///     Ok(stream?)
/// }
///
/// # fn new<N: Network>(network: &N) {
/// let balancer = Balancer::new(network, ["a.example:7000", "b.example:7000"]);
/// # }
/// ```
pub struct Balancer<R, T> {
    runtime: R,
    policy: Balance,
    eject_after: u32,
    eject_for: Duration,
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    endpoints: Vec<T>,
    state: Mutex<State>,
}

struct State {
    /// Where the round goes on.
    next: usize,
    health: Vec<Health>,
}

#[derive(Debug, Clone, Default)]
struct Health {
    /// How many have picked it and are not done.
    load: usize,
    /// How many failures there were in a row.
    failures: u32,
    ejected_until: Option<Instant>,
}

impl<R: Runtime, T> Balancer<R, T> {
    /// Shares out to `endpoints`, with the defaults.
    ///
    /// # Panics
    /// Panics if there is none.
    pub fn new(runtime: &R, endpoints: impl IntoIterator<Item = T>) -> Self {
        let endpoints: Vec<_> = endpoints.into_iter().collect();
        assert!(!endpoints.is_empty(), "there must be an endpoint");
        let state = State {
            next: 0,
            health: vec![Health::default(); endpoints.len()],
        };
        Self {
            runtime: runtime.clone(),
            policy: Balance::LeastLoaded,
            eject_after: 5,
            eject_for: Duration::from_secs(10),
            shared: Arc::new(Shared {
                endpoints,
                state: Mutex::new(state),
            }),
        }
    }

    /// Sets how to choose; the least loaded unless set.
    #[must_use]
    pub fn policy(mut self, policy: Balance) -> Self {
        self.policy = policy;
        self
    }

    /// Sets after how many failures in a row an endpoint is ejected; 5 unless set.
    ///
    /// # Panics
    /// Panics if it is 0.
    #[must_use]
    pub fn eject_after(mut self, failures: u32) -> Self {
        assert!(failures > 0, "eject_after must be at least 1 failure");
        self.eject_after = failures;
        self
    }

    /// Sets how long the first ejection lasts; 10 seconds unless set. If that is more than 5 minutes, so do all others.
    #[must_use]
    pub fn eject_for(mut self, duration: Duration) -> Self {
        self.eject_for = duration;
        self
    }

    /// Picks an endpoint. It counts as loaded until what is returned is dropped or [reported](Picked::report).
    pub fn pick(&self) -> Picked<'_, R, T> {
        let now = self.runtime.now();
        let mut state = self.shared.state();
        let count = state.health.len();
        let round = (state.next..count).chain(0..state.next);
        let healthy = round.clone().filter(|&index| !state.health[index].is_ejected(now));
        // `min_by_key` gives the first of equals, so the round decides among them.
        let key = |index: &usize| match self.policy {
            Balance::RoundRobin => 0,
            Balance::LeastLoaded => state.health[*index].load,
        };
        let index = healthy.min_by_key(key).or_else(|| round.min_by_key(key));
        let index = index.unwrap_or(state.next);
        state.next = (index + 1) % count;
        state.health[index].load += 1;
        Picked { balancer: self, index }
    }

    /// How many endpoints are ejected now.
    #[must_use]
    pub fn ejected(&self) -> usize {
        let now = self.runtime.now();
        let state = self.shared.state();
        state.health.iter().filter(|health| health.is_ejected(now)).count()
    }

    fn report(&self, index: usize, ok: bool) {
        let now = self.runtime.now();
        let mut state = self.shared.state();
        let health = &mut state.health[index];
        if ok {
            health.failures = 0;
            health.ejected_until = None;
            return;
        }
        // Those who had picked it before it was ejected do not eject it again, nor for longer the next time.
        if health.is_ejected(now) {
            return;
        }
        health.failures = health.failures.saturating_add(1);
        if health.failures >= self.eject_after {
            let again = (health.failures - self.eject_after).min(16);
            let longest = MAX_EJECTION.max(self.eject_for);
            let duration = self.eject_for.saturating_mul(1 << again).min(longest);
            health.ejected_until = Some(after(now, duration));
        }
    }
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers: a panic elsewhere cannot have spoilt them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    fn is_ejected(&self, now: Instant) -> bool {
        self.ejected_until.is_some_and(|until| now < until)
    }
}

impl<R: Clone, T> Clone for Balancer<R, T> {
    fn clone(&self) -> Self {
        Self {
            runtime: self.runtime.clone(),
            shared: Arc::clone(&self.shared),
            ..*self
        }
    }
}

impl<R, T: fmt::Debug> fmt::Debug for Balancer<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("policy", &self.policy)
            .field("endpoints", &self.shared.endpoints)
            .finish_non_exhaustive()
    }
}

/// An endpoint while someone uses it.
#[must_use = "it counts as loaded while it is held"]
pub struct Picked<'a, R: Runtime, T> {
    balancer: &'a Balancer<R, T>,
    index: usize,
}

impl<R: Runtime, T> Picked<'_, R, T> {
    /// Says whether the endpoint did what it was asked to. Dropped without it, it counts as neither.
    pub fn report(self, ok: bool) {
        self.balancer.report(self.index, ok);
    }
}

impl<R: Runtime, T> Deref for Picked<'_, R, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.balancer.shared.endpoints[self.index]
    }
}

impl<R: Runtime, T> Drop for Picked<'_, R, T> {
    fn drop(&mut self) {
        self.balancer.shared.state().health[self.index].load -= 1;
    }
}

impl<R: Runtime, T: fmt::Debug> fmt::Debug for Picked<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
