//! Runs the server: `cargo run --release -p kv`, then `redis-cli -p 6379`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, anyhow};
use clap::{Parser, ValueEnum};
use kv::{Settings, parse_memory, start};
use wirework::{Network, Signals};
use wirework_async_std::AsyncStd;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

/// An in-memory server that speaks to Redis clients.
#[derive(Debug, Parser)]
struct Options {
    /// The runtime to run on.
    #[arg(long, value_enum, default_value = "smol")]
    runtime: Runtime,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:6379")]
    listen: SocketAddr,
    /// How many threads serve connections.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How much data there may be, for instance 100mb; 0 is any amount.
    #[arg(long, default_value = "0", value_parser = memory)]
    maxmemory: usize,
    /// How many clients there may be at a time.
    #[arg(long, default_value_t = 10_000)]
    maxclients: usize,
    /// A password that clients have to know.
    #[arg(long, default_value = "")]
    requirepass: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Runtime {
    Smol,
    AsyncStd,
    Tokio,
}

fn memory(text: &str) -> Result<usize, String> {
    parse_memory(text.as_bytes()).ok_or_else(|| "not an amount of memory".to_owned())
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kv: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match options.runtime {
        Runtime::Smol => {
            let runtime = Smol::new(options.threads)?;
            runtime.block_on(serve(&runtime, options))
        }
        Runtime::AsyncStd => {
            let runtime = AsyncStd::new(options.threads)?;
            runtime.block_on(serve(&runtime, options))
        }
        Runtime::Tokio => {
            let runtime = Tokio::new(options.threads)?;
            runtime.block_on(serve(&runtime, options))
        }
    }
}

async fn serve<N: Network>(network: &N, options: &Options) -> anyhow::Result<()> {
    let settings = Settings {
        max_memory: options.maxmemory,
        max_clients: options.maxclients,
        password: options.requirepass.clone().into(),
        ..Settings::default()
    };
    let signals = Signals::new()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_err(|_| anyhow!("the clock of this machine is before 1970"))?;
    let server = start(network, options.listen, settings, now)
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", server.local_addr()?)?;
    let report = server.run_until(&signals).await;
    // Whoever started it may not be there any more to read this.
    writeln!(out, "{report}").ok();
    Ok(())
}
