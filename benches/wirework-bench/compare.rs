//! Compares servers by the CPU time that they spend on a reply.
//!
//! Machines are noisy, and faster at one moment than at the next, so nothing here is trusted that was not measured in turns with the
//! limit on the same cores: rounds in which each server has a duel with it, ratios within a duel, medians over rounds. What was
//! disturbed is measured again or left out, and counted.

mod counts;
mod duel;
mod field;
pub(crate) mod spread;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use self::counts::Counts;
use self::duel::{Duel, Slice};
use self::field::{Contestant, Field, LIMIT, SCENARIOS, Scenario};
pub(crate) use self::spread::median;
use self::spread::spread;
use crate::report::results::{Machine, Results, Row, ScenarioResults};
use crate::report::{self, results};
use crate::serve::Runtime;
use crate::{child, cpu};

/// A disturbed measurement is repeated this often, after a pause.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// A quick comparison begins nothing more after that long.
const QUICK: Duration = Duration::from_secs(150);

/// The arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Be done within three minutes: fewer rounds, shorter ones, and only the first four scenarios.
    #[arg(long)]
    quick: bool,
    /// Where to write results.json and report.html.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The runtimes to compare; all unless given.
    #[arg(long, value_delimiter = ',', value_name = "RUNTIMES")]
    only: Vec<Runtime>,
    /// The scenarios to compare in: depth-1, depth-16, depth-128, 64-kib, 10-connections, 1000-connections, 10000-connections.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    scenarios: Vec<String>,
    /// Compare wirework with all deadlines to wirework without any, rather than with others.
    #[arg(long)]
    deadlines: bool,
    /// Compare each server with the same one of another build of this program, rather than with the epoll loop.
    #[arg(long, value_name = "PROGRAM")]
    baseline: Option<PathBuf>,
    /// How many threads each server has.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How many duels each server has with the epoll loop; 7 with --quick, 15 without.
    #[arg(long)]
    rounds: Option<usize>,
    /// For how long each of the two is measured in a duel, in milliseconds, rounded up to a multiple of 30; 60 with --quick, 500
    /// without.
    #[arg(long, value_name = "MS")]
    window: Option<u64>,
    /// Keep measurements during which the machine was busy with something else.
    #[arg(long)]
    accept_busy: bool,
}

/// Compares, prints the tables, and writes the files that were asked for.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut comparison = Comparison::new(args)?;
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    cpu::pin(&[comparison.field.client_core])?;
    comparison.run()?;
    let results = comparison.results()?;
    print!("{}", report::markdown(&results));
    if let Some(dir) = &args.out {
        report::write(&results, dir)?;
    }
    Ok(())
}

struct Comparison {
    field: Field,
    scenarios: Vec<Heat>,
    rounds: usize,
    window: Duration,
    deadline: Option<Instant>,
    accept_busy: bool,
    progress: ProgressBar,
    dropped: usize,
}

/// What was measured in one scenario, for each contestant.
struct Heat {
    scenario: &'static Scenario,
    duels: Vec<Vec<Duel>>,
    dropped: Vec<usize>,
    /// Of the limit, unless another build has its part.
    limit: Option<Counts>,
    counts: Vec<Counts>,
}

impl Comparison {
    fn new(args: &Args) -> Result<Self> {
        let (rounds, window) = if args.quick { (7, 60) } else { (15, 500) };
        let rounds = args.rounds.unwrap_or(rounds);
        let window = args.window.unwrap_or(window);
        ensure!(rounds > 0, "--rounds must be at least 1");
        ensure!(window >= 50, "--window must be at least 50 ms");
        ensure!(args.threads > 0, "--threads must be at least 1");
        if let Some(program) = &args.baseline {
            ensure!(
                program.is_file(),
                "--baseline: there is no program {}",
                program.display()
            );
        }
        let scenarios = scenarios(args)?;
        let field = Field::new(args)?;
        let contestants = field.contestants.len();
        let duels = rounds * scenarios.len() * contestants;
        Ok(Self {
            scenarios: scenarios
                .into_iter()
                .map(|scenario| Heat::new(scenario, contestants))
                .collect(),
            field,
            rounds,
            window: Duration::from_millis(window),
            deadline: args.quick.then(|| Instant::now() + QUICK),
            accept_busy: args.accept_busy,
            progress: progress(duels as u64)?,
            dropped: 0,
        })
    }

    fn run(&mut self) -> Result<()> {
        for heat in &mut self.scenarios {
            self.progress.set_message(format!("{}: counting", heat.scenario.name));
            let count = |contestant| counts::count(contestant, heat.scenario.load, &self.field);
            if self.field.baseline.is_none() {
                heat.limit = Some(count(LIMIT)?);
            }
            heat.counts = self
                .field
                .contestants
                .iter()
                .copied()
                .map(count)
                .collect::<Result<_>>()?;
        }
        'rounds: for round in 0..self.rounds {
            for heat in 0..self.scenarios.len() {
                if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
                    // The last one is not whole.
                    self.rounds = round + usize::from(heat > 0);
                    break 'rounds;
                }
                self.round(heat, round)?;
            }
        }
        self.progress.finish_and_clear();
        Ok(())
    }

    /// One round of a scenario: a duel of each server with the limit, each time beginning with another one.
    fn round(&mut self, heat: usize, round: usize) -> Result<()> {
        let contestants = self.field.contestants.len();
        for turn in 0..contestants {
            let contestant = (round + turn) % contestants;
            match self.calm_duel(heat, contestant)? {
                Some(duel) => self.scenarios[heat].duels[contestant].push(duel),
                None => self.scenarios[heat].dropped[contestant] += 1,
            }
        }
        Ok(())
    }

    /// Measures until nothing disturbs it, within reason.
    fn calm_duel(&mut self, heat: usize, contestant: usize) -> Result<Option<Duel>> {
        let scenario = self.scenarios[heat].scenario;
        let contestant = self.field.contestants[contestant];
        self.progress
            .set_message(format!("{}: {}", scenario.name, contestant.name));
        self.progress.inc(1);
        for _ in 0..ATTEMPTS {
            let duel = duel::fight(contestant, scenario.load, self.window, &self.field)?;
            if self.accept_busy || duel.is_calm() {
                return Ok(Some(duel));
            }
            self.dropped += 1;
            thread::sleep(PAUSE);
        }
        Ok(None)
    }

    fn results(&self) -> Result<Results> {
        Ok(Results {
            command: env::args().skip(1).collect::<Vec<_>>().join(" "),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            machine: Machine {
                processor: cpu::model(),
                cores: self.field.all_cores,
                kernel: cpu::kernel(),
            },
            threads: self.field.threads,
            rounds: self.rounds,
            window_ms: u64::try_from(self.window.as_millis())?,
            opponent: match &self.field.baseline {
                Some(program) => format!("the same server of {}", program.display()),
                None => "the epoll loop".to_owned(),
            },
            dropped: self.dropped,
            accepted_busy: self.accept_busy,
            scenarios: self.scenarios.iter().map(|heat| heat.results(&self.field)).collect(),
        })
    }
}

impl Heat {
    fn new(scenario: &'static Scenario, contestants: usize) -> Self {
        Self {
            scenario,
            duels: vec![Vec::new(); contestants],
            dropped: vec![0; contestants],
            limit: None,
            counts: Vec::new(),
        }
    }

    fn results(&self, field: &Field) -> ScenarioResults {
        let opponents: Vec<_> = self.duels.iter().flatten().map(|duel| duel.opponent).collect();
        let limit = self.limit.map(|counts| row(LIMIT, &opponents, &[], 0, &counts));
        let others = field.contestants.iter().enumerate().map(|(place, contestant)| {
            let duels = &self.duels[place];
            let slices: Vec<_> = duels.iter().map(|duel| duel.contestant).collect();
            let ratios: Vec<_> = duels.iter().map(Duel::ratio).collect();
            row(*contestant, &slices, &ratios, self.dropped[place], &self.counts[place])
        });
        ScenarioResults {
            name: self.scenario.name.to_owned(),
            about: self.scenario.about.to_owned(),
            limit,
            rows: others.collect(),
        }
    }
}

fn row(contestant: Contestant, slices: &[Slice], ratios: &[f64], dropped: usize, counts: &Counts) -> Row {
    let of = |field: fn(&Slice) -> f64| median(slices.iter().map(field));
    Row {
        name: contestant.name.to_owned(),
        runtime: child::name(&contestant.runtime),
        protocol: child::name(&contestant.protocol),
        rounds: slices.len(),
        dropped,
        ratio: spread(ratios),
        timed: (!slices.is_empty()).then(|| results::Timed {
            cpu_ns: of(|slice| slice.cpu_ns),
            replies_per_second: of(|slice| slice.rate),
            latency_us: results::Latency {
                p50: of(|slice| slice.latency_us[0]),
                p99: of(|slice| slice.latency_us[1]),
                p999: of(|slice| slice.latency_us[2]),
            },
        }),
        allocations: counts.allocations,
        syscalls: counts.syscalls,
    }
}

fn scenarios(args: &Args) -> Result<Vec<&'static Scenario>> {
    if args.scenarios.is_empty() {
        let count = if args.quick { 4 } else { SCENARIOS.len() };
        return Ok(SCENARIOS.iter().take(count).collect());
    }
    let find = |name: &String| {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name);
        scenario.with_context(|| format!("there is no scenario {name:?}; see --help"))
    };
    args.scenarios.iter().map(find).collect()
}

fn progress(duels: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {eta} left  {msg:40}")?;
    Ok(ProgressBar::new(duels).with_style(style))
}

/// Whether `--only` lets a runtime take part.
fn takes_part(only: &[Runtime], runtime: Runtime) -> bool {
    debug_assert!(Runtime::value_variants().contains(&runtime), "no runtime is hidden");
    only.is_empty() || only.contains(&runtime)
}
