//! One protocol, everywhere: a handler is served on every runtime over every transport at once, each of these servers is
//! visited from every runtime, and all of them must say the same to the byte.
//!
//! The handler is `wirework_examples::store`, which names no runtime. What does is in `runtimes.rs`.
//!
//! ```sh
//! cargo run --release --example everywhere
//! ```

mod cpu;
mod matrix;
mod progress;
mod report;
mod runtimes;
mod servers;
mod visit;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::{Parser, ValueEnum};
use wirework_examples::RuntimeChoice;

use crate::matrix::Matrix;
use crate::runtimes::Runtimes;
use crate::visit::Plan;

/// Serves one protocol on every runtime over every transport, and visits each server from every runtime.
#[derive(Debug, Parser)]
struct Everywhere {
    /// A runtime to take part; may be given more than once. All of them do unless it is given.
    #[arg(long = "runtime", value_enum)]
    runtimes: Vec<RuntimeChoice>,
    /// Worker threads of each runtime.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How long to measure each pair, in milliseconds.
    #[arg(long, default_value_t = 300)]
    measure: u64,
}

fn main() -> ExitCode {
    wirework_examples::run(|| wirework_examples::parse::<Everywhere>()?.run())
}

impl Everywhere {
    fn run(self) -> anyhow::Result<()> {
        let started = Instant::now();
        let runtimes = Runtimes::start(self.threads)?;
        let plan = Plan::lasting(Duration::from_millis(self.measure));
        let matrix = Matrix::open(&runtimes, &self.participants(), plan)?;
        let report = matrix.visit_all()?;
        writeln!(io::stdout(), "{}", report.table())?;
        writeln!(io::stdout(), "{}", report.legend(self.threads, plan))?;
        for failure in report.failures() {
            writeln!(io::stderr(), "{failure}")?;
        }
        let ended = matrix.close()?;
        let (ok, all) = (report.ok(), report.len());
        writeln!(
            io::stdout(),
            "{ok} of {all} pairs OK, {ended}, in {:.1} s",
            started.elapsed().as_secs_f64()
        )?;
        ensure!(ok == all, "{} of {all} pairs failed", all - ok);
        Ok(())
    }

    fn participants(&self) -> Vec<RuntimeChoice> {
        let all = RuntimeChoice::value_variants().iter().copied();
        all.filter(|runtime| self.runtimes.is_empty() || self.runtimes.contains(runtime))
            .collect()
    }
}
