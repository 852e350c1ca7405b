//! The servers.
//!
//! Each is what a person would write first on its runtime: nothing in here is tuned for the benchmark.

mod asynchronous_codec;
mod control;
mod epoll;
mod framework;
mod ntex;
mod smol_raw;
mod tokio_raw;
mod tokio_util;

use std::any::Any;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use wirework_async_std::AsyncStd;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

use crate::cpu;
use crate::protocol::Protocol;

/// The arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to do with the bytes that come.
    #[arg(long)]
    protocol: Protocol,
    /// What to run on.
    #[arg(long)]
    runtime: Runtime,
    /// Which deadlines connections have, on wirework.
    #[arg(long, default_value = "default")]
    deadlines: Deadlines,
    /// How many threads serve connections.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    listen: SocketAddr,
    /// The CPU cores to run on, for instance 0,1; any unless given.
    #[arg(long, value_delimiter = ',', value_name = "CORES")]
    cores: Option<Vec<usize>>,
    /// Answer each line on standard input with "allocations live-bytes resident-bytes", and stop at its end.
    #[arg(long)]
    control: bool,
}

/// What a server runs on: a wirework adapter, or something to compare them with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Runtime {
    /// wirework on smol.
    Smol,
    /// wirework on async-std.
    AsyncStd,
    /// wirework on tokio.
    Tokio,
    /// No runtime: a loop over level-triggered epoll, written by hand.
    Epoll,
    /// tokio-util's `Framed`, each frame sent with `send().await`.
    TokioUtil,
    /// tokio-util's `Framed`, with `stream.forward(sink)`.
    TokioUtilForward,
    /// A loop on tokio, written by hand.
    TokioRaw,
    /// asynchronous-codec's `Framed` on smol, with `stream.forward(sink)`.
    AsynchronousCodec,
    /// A loop on smol, written by hand.
    SmolRaw,
    /// ntex's dispatcher, on ntex's own reactor.
    Ntex,
}

/// The deadlines of each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deadlines {
    /// Those that a server has unless told otherwise.
    Default,
    /// None.
    None,
    /// Every one that there is.
    All,
}

/// Serves until the process is killed.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.threads > 0, "--threads must be at least 1");
    if let Some(cores) = &args.cores {
        cpu::pin(cores)?;
    }
    let running = start(args).with_context(|| format!("cannot serve on {}", args.listen))?;
    println!("listening on {}", running.addr);
    if args.control {
        control::run()
    } else {
        loop {
            std::thread::park();
        }
    }
}

/// A server at work.
struct Running {
    addr: SocketAddr,
    /// Stops the server when it is dropped, where anything does.
    _server: Box<dyn Any>,
}

impl Running {
    fn new(addr: SocketAddr, server: impl Any) -> Self {
        Self {
            addr,
            _server: Box::new(server),
        }
    }
}

fn start(args: &Args) -> Result<Running> {
    let Args {
        protocol,
        deadlines,
        threads,
        listen,
        ..
    } = *args;
    let is_ours = matches!(args.runtime, Runtime::Smol | Runtime::AsyncStd | Runtime::Tokio);
    ensure!(
        is_ours || deadlines == Deadlines::Default,
        "--deadlines are those of wirework"
    );
    match args.runtime {
        Runtime::Smol => framework::start(Smol::new(threads)?, protocol, deadlines, listen),
        Runtime::AsyncStd => framework::start(AsyncStd::new(threads)?, protocol, deadlines, listen),
        Runtime::Tokio => framework::start(Tokio::new(threads)?, protocol, deadlines, listen),
        Runtime::Epoll => epoll::start(protocol, listen, threads),
        Runtime::TokioUtil => tokio_util::start(protocol, listen, threads, tokio_util::Style::Send),
        Runtime::TokioUtilForward => tokio_util::start(protocol, listen, threads, tokio_util::Style::Forward),
        Runtime::TokioRaw => tokio_raw::start(protocol, listen, threads),
        Runtime::AsynchronousCodec => asynchronous_codec::start(protocol, listen, threads),
        Runtime::SmolRaw => smol_raw::start(protocol, listen, threads),
        Runtime::Ntex => ntex::start(protocol, listen, threads),
    }
}

/// What a peer says to a protocol that its library has no codec for.
fn unsupported(protocol: Protocol) -> Result<Running> {
    bail!("this runtime serves --protocol framed-owned only, not {protocol:?}")
}
