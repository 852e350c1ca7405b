//! What must always hold, and what must happen at least sometimes.
//!
//! A broken `always` is noted rather than a panic: a panic in a handler is caught by the server that runs it, and
//! would pass unnoticed. A `sometimes` guards against tests that test nothing: a sweep in which a claimed state was never
//! reached has failed, whatever else held.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The checks of one run; a clone notes into the same place.
///
/// # Examples
/// ```
/// let check = wirework_sim::Check::new();
/// check.always(1 + 1 == 2, || "arithmetic broke".into());
/// check.sometimes("retried", false);
/// assert_eq!(check.failure(), None);
/// assert_eq!(check.reached().get("retried"), Some(&0));
/// ```
#[derive(Clone, Default)]
pub struct Check {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The first one only: what follows from it would hide it.
    failure: Option<String>,
    reached: BTreeMap<&'static str, u64>,
}

impl Check {
    /// Nothing checked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a failure unless `holds`. The run goes on to its end; the first failure is what it fails with.
    pub fn always(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.fail(otherwise);
        }
    }

    /// Notes a failure unless both are equal.
    pub fn equal<T: PartialEq + fmt::Debug>(&self, what: &str, got: &T, expected: &T) {
        let holds = got == expected;
        self.always(holds, || format!("{what}: got {got:?}, expected {expected:?}"));
    }

    /// Claims that at least one seed of a sweep reaches this line with `reached`; that it comes here at all is a claim
    /// already. For what may never get here, [`SweepConfig::claims`](crate::SweepConfig::claims).
    pub fn sometimes(&self, name: &'static str, reached: bool) {
        *self.state().reached.entry(name).or_default() += u64::from(reached);
    }

    /// The first thing that did not hold.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// How often each claim of [`sometimes`](Self::sometimes) was met.
    #[must_use]
    pub fn reached(&self) -> BTreeMap<&'static str, u64> {
        self.state().reached.clone()
    }

    fn fail(&self, message: impl FnOnce() -> String) {
        let mut state = self.state();
        if state.failure.is_none() {
            state.failure = Some(message());
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Check")
            .field("failure", &state.failure)
            .field("reached", &state.reached)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_kept() {
        let check = Check::new();
        check.always(true, || panic!("a message is made only when it is needed"));
        check.clone().equal("sum", &3, &4);
        check.always(false, || "later".into());
        assert_eq!(check.failure().as_deref(), Some("sum: got 3, expected 4"));
    }

    #[test]
    fn claims_are_counted_whether_met_or_not() {
        let check = Check::new();
        check.sometimes("met", true);
        check.sometimes("met", false);
        check.sometimes("met", true);
        check.sometimes("missed", false);
        assert_eq!(check.reached(), [("met", 2), ("missed", 0)].into());
    }
}
