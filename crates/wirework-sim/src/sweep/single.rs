//! One run, with choices from anywhere: where proptest, libFuzzer and bolero come in.

use std::collections::BTreeMap;
use std::time::Duration;
use std::{error, fmt};

use super::attempt::{Keep, attempt};
use super::{SweepConfig, Trial};
use crate::{Choices, Plan};

/// Lines of events that a failure quotes.
const EVENTS: usize = 12;

/// Runs `scenario` once, in the world of `config` and under faults of its swarm, with `choices` instead of those of a seed.
///
/// [`sweep`](crate::sweep()) tries one seed after the other. What comes here from a fuzzer is driven by what the code does
/// with it, and what comes from proptest is made smaller. The number of seeds and the claims of `config` mean nothing to a
/// single run; what it [reached](Passed::reached) is told.
///
/// # Errors
/// Fails where a seed of a sweep would: the scenario panics, a check does not hold, it deadlocks, it takes too long, or it leaves
/// something behind.
///
/// # Panics
/// Panics if the world of `config` is impossible.
///
/// # Examples
/// A target of libFuzzer (`fuzz_target!(|data: &[u8]| target(data));`) or bolero:
/// ```
/// use wirework_sim::{Choices, Swarm, SweepConfig, Trial, run_trial};
///
/// # async fn my_protocol(trial: Trial) { let _hosts = (trial.host("client"), trial.host("server")); trial.calm().await }
/// fn target(data: &[u8]) {
///     let config = SweepConfig::new().swarm(Swarm::new(["client", "server"]));
///     if let Err(failure) = run_trial(&config, Choices::from_bytes(data), my_protocol) {
///         panic!("{failure}");
///     }
/// }
///
/// // No bytes are a run in which nothing goes wrong.
/// target(b"");
/// target(b"any bytes are a run");
/// ```
#[track_caller]
pub fn run_trial<F, Fut>(config: &SweepConfig, choices: Choices, scenario: F) -> Result<Passed, TrialFailure>
where
    F: Fn(Trial) -> Fut,
    Fut: Future<Output = ()>,
{
    config.check("a single run");
    let plan = config.plan(&choices);
    let attempt = attempt(config, choices, &plan, Keep::Log, &scenario);
    match attempt.failure {
        None => Ok(Passed {
            elapsed: attempt.elapsed,
            trace_hash: attempt.hash,
            reached: attempt.reached,
        }),
        Some(reason) => Err(TrialFailure {
            reason,
            elapsed: attempt.elapsed,
            plan,
            log: attempt.log,
        }),
    }
}

/// What there is to say about a run of [`run_trial`] in which all held.
#[derive(Clone, Debug)]
pub struct Passed {
    elapsed: Duration,
    trace_hash: u64,
    reached: BTreeMap<&'static str, u64>,
}

impl Passed {
    /// How much virtual time it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// A hash of all that has happened; see [`Sim::trace_hash`](crate::Sim::trace_hash).
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.trace_hash
    }

    /// How often each claim of [`Trial::sometimes`] was met.
    #[must_use]
    pub fn reached(&self) -> &BTreeMap<&'static str, u64> {
        &self.reached
    }
}

/// Why a run of [`run_trial`] failed. What it displays fits one screen: the reason, the faults, and the last events.
#[derive(Clone)]
pub struct TrialFailure {
    reason: String,
    elapsed: Duration,
    plan: Plan,
    log: Vec<String>,
}

impl TrialFailure {
    /// What did not hold, or what became of the run.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How much virtual time it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The faults of the run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The last events, a line each, the oldest first.
    #[must_use]
    pub fn log(&self) -> &[String] {
        &self.log
    }
}

impl fmt::Display for TrialFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.reason.trim_end())?;
        writeln!(
            f,
            "after {:?} of virtual time; plan: {}",
            self.elapsed,
            self.plan.to_line()
        )?;
        let tail = &self.log[self.log.len().saturating_sub(EVENTS)..];
        write!(f, "the last {} events:", tail.len())?;
        tail.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl fmt::Debug for TrialFailure {
    /// As it is displayed: it is what `unwrap` shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for TrialFailure {}
