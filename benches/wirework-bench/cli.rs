//! The command line.

use std::alloc::System;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stats_alloc::StatsAlloc;

use crate::{clients, compare, hold, idle, load, memory, redis, report, serve, sim, slowloris};

/// Measures network servers on async runtimes against a hand-written epoll loop.
#[derive(Debug, Parser)]
#[command(name = "wirework-bench", version, arg_required_else_help = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server until it is killed.
    Serve(serve::Args),
    /// Put a server under load and report what it achieves.
    Load(load::Args),
    /// Open connections and keep them idle until standard input ends.
    Hold(hold::Args),
    /// Measure the memory that idle framed connections hold.
    Idle(idle::Args),
    /// Attack servers with clients that send a byte a second, next to a normal one.
    Slowloris(slowloris::Args),
    /// Compare servers by the CPU time they spend on a reply.
    Compare(compare::Args),
    /// Compare clients of Redis by the CPU time they spend on a call.
    Clients(clients::Args),
    /// Compare the example kv with Redis itself by the CPU time they spend on a command.
    Redis(redis::Args),
    /// Measure how fast the simulator is.
    Sim(sim::Args),
    /// Print the tables of an earlier comparison and draw its charts again.
    Report(report::Args),
}

/// Runs the tool with the arguments of the process. `allocator` is the global allocator, if it counts.
#[must_use]
pub fn main(allocator: Option<&'static StatsAlloc<System>>) -> ExitCode {
    memory::install(allocator);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            // Help and version; if standard output is gone, nobody reads them.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&one_line(&error)),
    };
    let result = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Hold(args) => hold::run(&args),
        Command::Idle(args) => idle::run(&args),
        Command::Slowloris(args) => slowloris::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Redis(args) => redis::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Report(args) => report::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("wirework-bench: {message}");
    ExitCode::FAILURE
}

/// What is wrong with the arguments, without the usage that clap adds.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let what: Vec<_> = lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    what.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        let error = Cli::try_parse_from(["wirework-bench", "serve", "--runtime", "none"]).unwrap_err();
        let line = one_line(&error);
        assert!(
            line.starts_with("invalid value 'none' for '--runtime <RUNTIME>'"),
            "{line}"
        );
        assert!(!line.contains('\n'));
        let error = Cli::try_parse_from(["wirework-bench", "load"]).unwrap_err();
        assert!(one_line(&error).contains("--connect"));
    }
}
