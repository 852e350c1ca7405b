//! One run of a scenario: its own world, and everything worth knowing about it afterwards.

use std::any::Any;
use std::collections::BTreeMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_lite::future::{or, yield_now};

use super::quiet::{last_panic, quietly};
use super::{SweepConfig, Trial};
use crate::{Capture, Check, Choices, Plan, Sim};

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

/// What is kept of a run beside its outcome. The packets, and even the log, may cost more than the run itself, and only
/// what failed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    /// The end of the log, for a run that cannot be repeated at will.
    Log,
    Everything,
}

/// Runs `scenario` in the world of `config` with these choices, while the faults of `plan` happen.
pub(super) fn attempt<F, Fut>(config: &SweepConfig, choices: Choices, plan: &Plan, keep: Keep, scenario: &F) -> Attempt
where
    F: Fn(Trial) -> Fut,
    Fut: Future<Output = ()>,
{
    let world = config.world.clone().choices(choices.clone());
    let world = if keep == Keep::Nothing {
        world.log_length(0)
    } else {
        world
    };
    quietly(|| {
        let sim = Sim::new(world);
        let capture = (keep == Keep::Everything).then(Arc::<Mutex<Capture>>::default);
        if let Some(capture) = &capture {
            sim.observe(Arc::clone(capture));
        }
        let check = Check::new();
        let trial = Trial::new(sim.clone(), check.clone(), plan.clone(), choices);
        let faults = async {
            // Once the scenario has made its hosts, for those faults that begin as the world does.
            yield_now().await;
            plan.run(&sim).await;
            std::future::pending::<()>().await;
        };
        // The faults go first from then on: what a scenario does as one begins comes after it in the log.
        let main = or(faults, async { scenario(trial).await });
        let ended = match catch_unwind(AssertUnwindSafe(|| sim.try_run(main))) {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(payload) => Some(panic_message(&*payload)),
        };
        // What did not hold comes first: the rest may well follow from it.
        let failure = check.failure().or(ended);
        let elapsed = sim.elapsed();
        let failure = failure.or_else(|| left_behind(&sim, config.leak_check?));
        Attempt {
            log: if failure.is_some() || keep == Keep::Everything {
                sim.log_tail(usize::MAX)
            } else {
                Vec::new()
            },
            failure,
            elapsed,
            hash: sim.trace_hash(),
            reached: check.reached(),
            capture: capture.map(|capture| mem::take(&mut *capture.lock().unwrap_or_else(PoisonError::into_inner))),
        }
    })
}

/// What the hosts still hold some time after the end.
fn left_behind(sim: &Sim, within: Duration) -> Option<String> {
    // The faults end with the scenario, those that are under way, too: a host that was paused for ever would keep all it has.
    sim.mend();
    if let Err(failure) = sim.try_run(sim.sleep(within)) {
        return Some(failure.to_string());
    }
    let left = sim.tally();
    (!left.is_empty()).then(|| format!("{left} are left {within:?} after the end\n{}", sim.report()))
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
