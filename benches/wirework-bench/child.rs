//! A server in a process of its own, to be measured from outside.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::memory::Memory;
use crate::protocol::Protocol;
use crate::serve::{Deadlines, Runtime};

/// What to start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec<'a> {
    pub(crate) runtime: Runtime,
    pub(crate) protocol: Protocol,
    pub(crate) deadlines: Deadlines,
    pub(crate) threads: usize,
    pub(crate) cores: &'a [usize],
    /// Whether its allocations are counted.
    pub(crate) counted: bool,
    /// The program that it is of; this one unless given.
    pub(crate) program: Option<&'a Path>,
}

/// A running server. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(crate) addr: SocketAddr,
}

impl Server {
    pub(crate) fn start(spec: Spec<'_>) -> Result<Self> {
        let program = match spec.program {
            Some(program) => program.to_owned(),
            None if spec.counted => counted()?,
            None => env::current_exe()?,
        };
        let mut command = Command::new(&program);
        command
            .args(["serve", "--control"])
            .args(["--runtime", &name(&spec.runtime)])
            .args(["--protocol", &name(&spec.protocol)])
            .args(["--deadlines", &name(&spec.deadlines)])
            .args(["--threads", &spec.threads.to_string()]);
        if !spec.cores.is_empty() {
            let cores: Vec<_> = spec.cores.iter().map(ToString::to_string).collect();
            command.args(["--cores", &cores.join(",")]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let input = child.stdin.take().context("standard input is piped")?;
        let mut output = BufReader::new(child.stdout.take().context("standard output is piped")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let addr = line.trim().strip_prefix("listening on ");
        let addr = addr.with_context(|| format!("the {} server did not start", name(&spec.runtime)))?;
        Ok(Self {
            addr: addr.parse()?,
            child,
            input,
            output,
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has allocated, if it is counted, and what it occupies.
    pub(crate) fn memory(&mut self) -> Result<Memory> {
        self.input.write_all(b"\n")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        line.parse()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that counts, which is built and installed beside this one.
fn counted() -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("wirework-bench-counted");
    anyhow::ensure!(
        program.exists(),
        "{} is missing: build all programs of the package",
        program.display()
    );
    Ok(program)
}

/// The name of a value on the command line.
pub(crate) fn name(value: &impl ValueEnum) -> String {
    let name = value.to_possible_value().expect("no value is hidden");
    name.get_name().to_owned()
}
