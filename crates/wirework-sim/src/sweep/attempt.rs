//! One run of a scenario: its own world, and everything worth knowing about it afterwards.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_lite::future::or;

use super::Trial;
use super::quiet::{last_panic, quietly};
use crate::{Capture, Check, Choices, Config, Plan, Sim};

/// What came of a run.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Why it failed, if it did.
    pub(super) failure: Option<String>,
    /// How much virtual time it took.
    pub(super) elapsed: Duration,
    pub(super) hash: u64,
    pub(super) reached: BTreeMap<&'static str, u64>,
    /// The last events, the oldest first.
    pub(super) log: Vec<String>,
    pub(super) capture: Option<Capture>,
}

impl Attempt {
    /// Whether it fails for the same reason as `other`, as far as can be told: the first lines but for their numbers. Shrinking
    /// would otherwise slip from one bug to another.
    pub(super) fn fails_like(&self, other: &Self) -> bool {
        let reason = |attempt: &Self| {
            let line = attempt.failure.as_ref()?.lines().next().unwrap_or_default();
            Some(
                line.chars()
                    .filter(|letter| !letter.is_ascii_digit() && *letter != '.')
                    .collect::<String>(),
            )
        };
        self.failure.is_some() && reason(self) == reason(other)
    }
}

/// Runs `scenario` in the world of `config` with the choices of `seed`, while the faults of `plan` happen. `keep` says whether
/// the log and the packets are wanted: they cost more than the run itself, and only what failed is read.
pub(super) fn attempt<F, Fut>(config: &Config, seed: u64, plan: &Plan, keep: bool, scenario: &F) -> Attempt
where
    F: Fn(Trial) -> Fut,
    Fut: Future<Output = ()>,
{
    let choices = Choices::seeded(seed);
    let config = config.clone().choices(choices.clone()).capture(keep);
    let config = if keep { config } else { config.log_length(0) };
    quietly(|| {
        let sim = Sim::new(config);
        let check = Check::new();
        let trial = Trial::new(sim.clone(), check.clone(), plan.clone(), choices);
        let faults = async {
            plan.run(&sim).await;
            std::future::pending::<()>().await;
        };
        // The faults go first: what a scenario does as one begins comes after it in the log.
        let main = or(faults, async { scenario(trial).await });
        let ended = match catch_unwind(AssertUnwindSafe(|| sim.try_run(main))) {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(payload) => Some(panic_message(&*payload)),
        };
        Attempt {
            // What did not hold comes first: the rest may well follow from it.
            failure: check.failure().or(ended),
            elapsed: sim.elapsed(),
            hash: sim.trace_hash(),
            reached: check.reached(),
            log: sim.log_tail(usize::MAX),
            capture: sim.take_capture(),
        }
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words");
    match last_panic() {
        Some(place) => format!("{text} (at {place})"),
        None => text.to_owned(),
    }
}
