//! The client: one thread that keeps many connections busy and checks every reply.

mod client;
mod connection;
mod script;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

pub(crate) use self::client::{Client, Outcome};
use crate::cpu;
use crate::protocol::Protocol;

/// How long the server gets to warm up before anything counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// The arguments of `load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the server listens.
    #[arg(long, value_name = "ADDR")]
    connect: SocketAddr,
    /// What the server speaks.
    #[arg(long)]
    protocol: Protocol,
    #[command(flatten)]
    load: Load,
    /// For how long to measure, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The CPU core to run on; any unless given.
    #[arg(long)]
    core: Option<usize>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// What a server is put under.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Load {
    /// How many connections to open.
    #[arg(long, default_value_t = 50)]
    pub(crate) connections: usize,
    /// How many of them to use; all unless given.
    #[arg(long)]
    pub(crate) active: Option<usize>,
    /// How many requests each connection keeps under way.
    #[arg(long, default_value_t = 1)]
    pub(crate) depth: usize,
    /// How many bytes of payload a request has.
    #[arg(long, default_value_t = 64)]
    pub(crate) size: usize,
}

impl Load {
    /// Refuses what cannot be measured.
    fn check(&self) -> Result<()> {
        ensure!(self.connections > 0, "--connections must be at least 1");
        ensure!(self.active != Some(0), "--active must be at least 1");
        ensure!(self.depth > 0, "--depth must be at least 1");
        ensure!(
            (1..=1024 * 1024).contains(&self.size),
            "--size must be from 1 byte to 1 MiB"
        );
        Ok(())
    }
}

/// Puts a server under load and prints what came of it.
pub(crate) fn run(args: &Args) -> Result<()> {
    args.load.check()?;
    ensure!(
        args.seconds.is_finite() && args.seconds > 0.0 && args.seconds < 1e6,
        "--seconds must be positive"
    );
    if let Some(core) = args.core {
        cpu::pin(&[core])?;
    }
    let mut client = Client::connect(args.connect, args.protocol, args.load)?;
    client.run(WARM_UP)?;
    let outcome = client.run(Duration::from_secs_f64(args.seconds))?;
    if args.json {
        println!("{}", to_json(&outcome));
    } else {
        println!("{:.0} replies/s, all of them right", outcome.rate());
        let [p50, p99, p999] = percentiles(&outcome);
        println!("latency: p50 {p50:.1} µs, p99 {p99:.1} µs, p99.9 {p999:.1} µs");
    }
    Ok(())
}

/// The median latency, that of 99 % and that of 99.9 % of the replies, in microseconds.
pub(crate) fn percentiles(outcome: &Outcome) -> [f64; 3] {
    [0.5, 0.99, 0.999].map(|quantile| {
        let nanos = outcome.latency.value_at_quantile(quantile);
        Duration::from_nanos(nanos).as_secs_f64() * 1e6
    })
}

fn to_json(outcome: &Outcome) -> serde_json::Value {
    let [p50, p99, p999] = percentiles(outcome);
    json!({
        "replies": outcome.replies,
        "seconds": outcome.elapsed.as_secs_f64(),
        "replies_per_second": outcome.rate(),
        "p50_us": p50,
        "p99_us": p99,
        "p999_us": p999,
    })
}
