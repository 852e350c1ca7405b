//! Compares `examples/kv` with Redis itself by the CPU time that a command costs the server.
//!
//! Both are programs of their own, driven by `redis-benchmark`: servers on one core, their client on another, in rounds
//! in which all of them take turns. A figure is the median over rounds, a ratio the median of the ratios within a
//! round.

mod server;
mod stuck;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use self::server::Server;
use self::stuck::Stuck;
use crate::compare::median;
use crate::compare::spread::spread;
use crate::cpu;

/// The arguments of `redis`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program of `examples/kv`; beside this one unless given.
    #[arg(long, value_name = "PATH")]
    kv: Option<PathBuf>,
    /// The program of Redis.
    #[arg(long, value_name = "PATH", default_value = "redis-server")]
    redis: PathBuf,
    /// The runtimes for kv to run on.
    #[arg(long, value_delimiter = ',', default_value = "smol,async-std,tokio")]
    runtimes: Vec<String>,
    /// How many threads kv has.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How many commands each client sends before it waits for the replies.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    depths: Vec<usize>,
    /// How many clients there are.
    #[arg(long, default_value_t = 50)]
    clients: usize,
    /// The tests of redis-benchmark to run.
    #[arg(long, value_delimiter = ',', default_value = "get,set")]
    tests: Vec<String>,
    /// How many commands each test sends at depth 1; four times as many at greater depths.
    #[arg(long, default_value_t = 100_000)]
    requests: u64,
    /// How many different keys there are; redis-benchmark uses a single one unless given.
    #[arg(long)]
    keys: Option<u64>,
    /// How often each server gets its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The core for the servers.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core for redis-benchmark.
    #[arg(long, default_value_t = 1)]
    client_core: usize,
    /// Measure the latency at depth 1 instead, without and with so many others that do not read, read slowly, or stop
    /// inside of a command.
    #[arg(long, value_name = "CLIENTS")]
    stuck: Option<usize>,
}

/// Starts the servers, measures them, and prints tables.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    ensure!(!args.tests.is_empty(), "--tests must name one");
    cpu::pin(&[args.server_core])?;
    let mut servers = vec![Server::redis(&args.redis)?];
    let kv = match &args.kv {
        Some(kv) => kv.clone(),
        None => std::env::current_exe()?.with_file_name("kv"),
    };
    for runtime in &args.runtimes {
        servers.push(Server::kv(&kv, runtime, args.threads)?);
    }
    cpu::pin(&[args.client_core])?;
    match args.stuck {
        None => compare(args, &servers),
        Some(stuck) => disturb(args, &servers, stuck),
    }
}

/// The CPU time of commands, next to that of Redis.
fn compare(args: &Args, servers: &[Server]) -> Result<()> {
    println!(
        "CPU time of the server per command ({}), in µs; in brackets, over that of Redis:\n",
        args.tests.join(", ")
    );
    let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
    println!("| depth | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for &depth in &args.depths {
        let mut rounds = Vec::new();
        // The first round warms up.
        for round in 0..=args.rounds {
            let costs: Result<Vec<_>> = servers.iter().map(|server| cost(args, server, depth)).collect();
            if round > 0 {
                rounds.push(costs?);
            }
        }
        let cells = servers.iter().enumerate().map(|(place, _)| {
            let cost = median(rounds.iter().map(|costs| costs[place]));
            let ratio = median(rounds.iter().map(|costs| costs[place] / costs[0]));
            format!("{cost:.3} ({ratio:.2})")
        });
        println!("| {depth} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    Ok(())
}

/// Microseconds of CPU time per command.
fn cost(args: &Args, server: &Server, depth: usize) -> Result<f64> {
    let requests = if depth == 1 { args.requests } else { args.requests * 4 };
    let before = cpu::time(server.process())?;
    benchmark(args, server, depth, requests)?;
    let used = cpu::time(server.process())?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / (requests * args.tests.len() as u64) as f64)
}

/// The latency of some clients beside others that are stuck or slow.
///
/// Each round measures without them before and after, for a p99 of less than a tenth of a millisecond is as easily
/// moved by the machine: how far the two are apart is what a ratio has to be read beside.
fn disturb(args: &Args, servers: &[Server], stuck: usize) -> Result<()> {
    println!(
        "p99 of {} clients, in ms, without and with {stuck} others that are stuck or slow; ratios are medians of {} rounds, in \
         brackets where half of them lie:\n",
        args.clients, args.rounds
    );
    println!("| server | without | with | ratio | of two runs without | memory of the server |");
    println!("|---|---|---|---|---|---|");
    let mut rounds = vec![Vec::new(); servers.len()];
    // The first round warms up.
    for round in 0..=args.rounds {
        for (server, rounds) in servers.iter().zip(&mut rounds) {
            let before = benchmark(args, server, 1, args.requests)?;
            let holding = Stuck::begin(server.addr(), stuck)?;
            let with = benchmark(args, server, 1, args.requests)?;
            drop(holding);
            let after = benchmark(args, server, 1, args.requests)?;
            if round > 0 {
                rounds.push(Disturbed { before, with, after });
            }
        }
    }
    for (server, rounds) in servers.iter().zip(&rounds) {
        let without = median(rounds.iter().map(Disturbed::without));
        let with = median(rounds.iter().map(|round| round.with));
        let ratio = range(rounds.iter().map(|round| round.with / round.without()));
        let noise = range(rounds.iter().map(|round| round.after / round.before));
        let megabytes = server.peak_memory()? / 1_000_000;
        println!(
            "| {} | {without:.3} | {with:.3} | {ratio} | {noise} | {megabytes} MB |",
            server.name
        );
    }
    Ok(())
}

/// The p99 of one round, in milliseconds: without others that are stuck, with them, and without again.
#[derive(Debug, Clone, Copy)]
struct Disturbed {
    before: f64,
    with: f64,
    after: f64,
}

impl Disturbed {
    fn without(&self) -> f64 {
        f64::midpoint(self.before, self.after)
    }
}

/// The median of ratios, and in brackets where half of them lie.
fn range(ratios: impl Iterator<Item = f64>) -> String {
    match spread(&ratios.collect::<Vec<_>>()) {
        Some(spread) => format!("{:.2} ({:.2}–{:.2})", spread.median, spread.low, spread.high),
        None => "—".to_owned(),
    }
}

/// Runs redis-benchmark and returns the highest p99 of its tests, in milliseconds.
fn benchmark(args: &Args, server: &Server, depth: usize, requests: u64) -> Result<f64> {
    let addr = server.addr();
    let mut command = Command::new("redis-benchmark");
    command
        .args(["-h", &addr.ip().to_string(), "-p", &addr.port().to_string()])
        .args(["-c", &args.clients.to_string(), "-n", &requests.to_string()])
        .args(["-P", &depth.to_string(), "-t", &args.tests.join(",")])
        .arg("--csv")
        .stderr(Stdio::inherit());
    if let Some(keys) = args.keys {
        command.args(["-r", &keys.to_string()]);
    }
    let output = command
        .output()
        .context("cannot start redis-benchmark (of redis-tools)")?;
    ensure!(output.status.success(), "redis-benchmark failed: {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
    let p99 = text.lines().skip(1).filter_map(|line| {
        let field = line.split(',').nth(6)?;
        field.trim_matches('"').parse::<f64>().ok()
    });
    let p99: Vec<_> = p99.collect();
    ensure!(p99.len() >= args.tests.len(), "redis-benchmark said: {text}");
    Ok(p99.into_iter().fold(0.0, f64::max))
}

/// Until a server answers.
const PATIENCE: Duration = Duration::from_secs(10);
