//! What is around each example: arguments in, logs on the way, and one line with exit code 1 when it fails.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::error::ErrorKind;
use clap::{Args, Parser};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use wirework::Network;

use crate::RuntimeChoice;

/// A program that runs on any network. Its fields are its arguments.
pub trait Example: Args {
    /// Runs it to its end.
    fn run<N: Network>(self, network: N) -> impl Future<Output = anyhow::Result<()>>;
}

/// The `main` of an example: runs it on the runtime that the command line asks for.
#[must_use]
pub fn main<E: Example>() -> ExitCode {
    #[derive(Parser)]
    struct CommandLine<E: Args> {
        /// The runtime to run on.
        #[arg(long, global = true, value_enum, default_value_t)]
        runtime: RuntimeChoice,
        #[command(flatten)]
        example: E,
    }
    run(|| {
        let command_line: CommandLine<E> = parse()?;
        log();
        command_line.runtime.run(command_line.example)
    })
}

/// Runs a program. What makes it fail is printed as one line, with all causes, and the exit code is 1.
pub fn run(program: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails, too.
            writeln!(io::stderr(), "error: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line. If all it asks for is help, prints that and ends the process.
///
/// # Errors
/// The first paragraph of what clap says, in one line.
pub fn parse<P: Parser>() -> anyhow::Result<P> {
    P::try_parse().map_err(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return anyhow!("a command is missing; see --help");
        }
        let text = error.to_string();
        let paragraph = text.split("\n\n").next().unwrap_or(&text);
        let lines: Vec<_> = paragraph.lines().map(str::trim).collect();
        let line = lines.join(" ");
        anyhow!("{}", line.strip_prefix("error: ").unwrap_or(&line))
    })
}

/// Logs to standard error, one line an event: what concerns single connections of ours, and of others what is important.
fn log() {
    let lines = tracing_subscriber::fmt::layer().compact().with_writer(io::stderr);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("wirework", LevelFilter::DEBUG);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
