//! Runs a scenario under many seeds, and says what there is to know about the first one that fails.

mod attempt;
mod fresh;
mod quiet;
mod report;
mod settings;
mod single;
mod trial;

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use self::fresh::assert_same_in_fresh_processes;
pub use self::single::{Passed, TrialFailure, run_trial};
pub use self::trial::Trial;

use self::attempt::{Attempt, Keep, attempt};
use self::settings::Settings;
use crate::{Choices, Config, Plan, Swarm, shrink};

/// How a [`sweep`] is done.
///
/// | | default |
/// |---|---|
/// | [`seeds`](Self::seeds) | 200 |
/// | [`world`](Self::world) | that of [`Config`] |
/// | [`swarm`](Self::swarm) | no faults |
/// | [`claims`](Self::claims) | none |
/// | [`leak_check`](Self::leak_check) | none |
/// | [`shrink_runs`](Self::shrink_runs) | 500 |
#[derive(Clone, Debug)]
#[must_use]
pub struct SweepConfig {
    seeds: u64,
    world: Config,
    swarm: Option<Swarm>,
    claims: Vec<&'static str>,
    leak_check: Option<Duration>,
    shrink_runs: usize,
}

impl SweepConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            seeds: 200,
            world: Config::new(),
            swarm: None,
            claims: Vec::new(),
            leak_check: None,
            shrink_runs: 500,
        }
    }

    /// Sets how many seeds are tried, counted from 0; 200 unless set, or as `WIREWORK_SIM_SEEDS` says.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// Sets what each world is like; its choices are replaced by those of each seed.
    pub fn world(mut self, config: Config) -> Self {
        self.world = config;
        self
    }

    /// Sets what makes the faults of each seed; there are none unless set.
    pub fn swarm(mut self, swarm: Swarm) -> Self {
        self.swarm = Some(swarm);
        self
    }

    /// Adds names which at least one seed must pass to [`Trial::sometimes`] with `true`. Those that are passed with
    /// `false` are claimed by that alone.
    pub fn claims(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.claims.extend(names);
        self
    }

    /// Sets how much virtual time after its end a scenario has for everything to go away that its hosts hold: tasks, sockets and
    /// timers. What is left then fails the run, and is named. Faults that are under way at the end end with it; hosts that are
    /// down stay so. Not checked unless set.
    pub fn leak_check(mut self, within: impl Into<Option<Duration>>) -> Self {
        self.leak_check = within.into();
        self
    }

    /// Sets how many runs may be spent on making the plan of a failure smaller; 500 unless set.
    pub fn shrink_runs(mut self, runs: usize) -> Self {
        self.shrink_runs = runs;
        self
    }

    /// The faults of one run.
    fn plan(&self, choices: &Choices) -> Plan {
        self.swarm
            .as_ref()
            .map(|swarm| swarm.generate(choices))
            .unwrap_or_default()
    }

    /// # Panics
    /// Panics if no world can be like that. Each run would, but nobody reads what a run says while it is swept.
    #[track_caller]
    fn check(&self, name: &str) {
        if let Err(error) = self.world.check() {
            panic!("sweep {name:?}: {error}");
        }
    }
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `scenario` in a world of its own for each seed, several at a time, one a thread.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `WIREWORK_SIM_SEEDS` | how many seeds to try | as [`SweepConfig::seeds`] says |
/// | `WIREWORK_SIM_SEED` | try this seed alone, and print the last events even if it passes | all |
/// | `WIREWORK_SIM_REPLAY` | the plan to run instead of the seed's own, as [`Plan`] is printed | the seed's |
/// | `WIREWORK_SIM_JOBS` | seeds at a time | the number of processors |
///
/// # Panics
/// Panics if a seed fails: the scenario panics, a check of its [`Trial`] does not hold, it deadlocks, or the time limit of
/// the world is reached, or it leaves something behind that it should not. The message has the lowest such seed, the virtual time, the smallest part of the plan that still
/// fails, the command that replays it, the last events, and the path of a packet capture.
///
/// It also panics if all seeds pass and a claim was met by none (but not when one seed alone is tried), if
/// a variable above is set to what cannot be read, and if the world of `config` is impossible.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use wirework::{Runtime, time::sleep};
/// use wirework_sim::{SweepConfig, sweep};
///
/// sweep(SweepConfig::new().seeds(20), "sleeping takes as long as it should", |trial| async move {
///     let host = trial.host("sleeper").runtime();
///     let before = host.now();
///     sleep(&host, Duration::from_secs(3600)).await;
///     trial.always(host.now() - before == Duration::from_secs(3600), || "woke at another time".into());
/// });
/// ```
#[track_caller]
pub fn sweep<F, Fut>(config: SweepConfig, name: &str, scenario: F)
where
    F: Fn(Trial) -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
    config.check(name);
    let seeds = settings.seeds.unwrap_or(config.seeds);
    let sweep = Sweep {
        config,
        name,
        scenario,
        at: Location::caller(),
    };
    if let Some(path) = &settings.hashes {
        return fresh::write_hashes(path, &sweep.hashes(seeds));
    }
    match settings.seed {
        Some(seed) => sweep.one(seed, settings.replay),
        None => sweep.all(seeds, settings.jobs),
    }
}

/// A sweep, while it runs.
struct Sweep<'a, F> {
    config: SweepConfig,
    name: &'a str,
    scenario: F,
    at: &'static Location<'static>,
}

impl<F, Fut> Sweep<'_, F>
where
    F: Fn(Trial) -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    /// One seed, as it is given in the environment.
    fn one(&self, seed: u64, replay: Option<Plan>) {
        let plan = replay.unwrap_or_else(|| self.plan(seed));
        let attempt = self.attempt(seed, &plan, Keep::Everything);
        eprintln!("{}", report::log(&attempt));
        let passed = attempt.failure.is_none();
        assert!(passed, "{}", report::failure(self.name, seed, &plan, &plan, &attempt));
        eprintln!(
            "{:?}: seed {seed} passed, after {:?} of virtual time",
            self.name, attempt.elapsed
        );
    }

    fn all(&self, seeds: u64, jobs: usize) {
        let (next, lowest) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let reached = Mutex::new(BTreeMap::new());
        let work = || loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            // A lower seed that is still to be tried may fail, too, and is then the one to report: it always is the same.
            if seed >= seeds.min(lowest.load(Ordering::Relaxed)) {
                break;
            }
            let attempt = self.attempt(seed, &self.plan(seed), Keep::Nothing);
            if attempt.failure.is_some() {
                lowest.fetch_min(seed, Ordering::Relaxed);
            }
            let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
            for (name, count) in attempt.reached {
                *reached.entry(name).or_insert(0_u64) += count;
            }
        };
        std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
        let lowest = lowest.into_inner();
        assert!(lowest == u64::MAX, "{}", self.explain(lowest));
        let reached = reached.into_inner().unwrap_or_else(PoisonError::into_inner);
        let never = never_reached(&self.config.claims, &reached);
        assert!(
            never.is_empty(),
            "sweep {:?} passed {seeds} seeds, but none reached {never:?} ({})",
            self.name,
            self.at
        );
    }

    /// Makes the plan of a seed that fails smaller, and reports what is left.
    fn explain(&self, seed: u64) -> String {
        let plan = self.plan(seed);
        let first = self.attempt(seed, &plan, Keep::Nothing);
        let events = shrink(plan.events(), self.config.shrink_runs, |events| {
            self.attempt(seed, &events.iter().cloned().collect(), Keep::Nothing)
                .fails_like(&first)
        });
        let shrunk: Plan = events.into_iter().collect();
        // Once more, since the search does not end with the smallest.
        let last = self.attempt(seed, &shrunk, Keep::Everything);
        if last.failure.is_none() {
            let what = first.failure.as_deref().unwrap_or("it passed the second time");
            return format!("sweep {:?}: seed {seed} is not deterministic: {what}", self.name);
        }
        report::failure(self.name, seed, &plan, &shrunk, &last)
    }

    fn hashes(&self, seeds: u64) -> Vec<u64> {
        (0..seeds)
            .map(|seed| self.attempt(seed, &self.plan(seed), Keep::Nothing).hash)
            .collect()
    }

    fn plan(&self, seed: u64) -> Plan {
        self.config.plan(&Choices::seeded(seed))
    }

    fn attempt(&self, seed: u64, plan: &Plan, keep: Keep) -> Attempt {
        attempt(&self.config, Choices::seeded(seed), plan, keep, &self.scenario)
    }
}

fn never_reached<'a>(claims: &[&'a str], reached: &BTreeMap<&'a str, u64>) -> Vec<&'a str> {
    let mut names: Vec<&str> = claims.iter().chain(reached.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| reached.get(name).is_none_or(|count| *count == 0));
    names
}
