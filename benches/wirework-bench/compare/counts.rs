//! What can be counted rather than timed: allocations and system calls per reply.
//!
//! Counted apart from the timed rounds, as counting takes time itself.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::field::{Contestant, Field};
use crate::load::{Client, Load};
use crate::report::results::Syscalls;

/// How long to count.
const WINDOW: Duration = Duration::from_millis(200);

/// How long `perf` gets to attach, and the server to come to rest.
const PAUSE: Duration = Duration::from_millis(120);

/// The tracepoints: all system calls, those that receive, those that send, and those that wait.
const ALL: &str = "raw_syscalls:sys_enter";
const RECEIVE: &[&str] = &["recvfrom", "read", "readv", "recvmsg"];
const SEND: &[&str] = &["sendto", "write", "writev", "sendmsg"];
const WAIT: &[&str] = if cfg!(target_arch = "x86_64") {
    &["epoll_pwait", "epoll_pwait2", "epoll_wait"]
} else {
    // Later architectures have not got the oldest.
    &["epoll_pwait", "epoll_pwait2"]
};

/// Per reply. `None` where it could not be counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) allocations: Option<f64>,
    pub(super) syscalls: Option<Syscalls>,
}

pub(super) fn count(contestant: Contestant, load: Load, field: &Field) -> Result<Counts> {
    let mut server = field.start_counted(contestant)?;
    let mut client = Client::connect(server.addr, contestant.protocol, load)?;
    client.run(WINDOW)?;
    let before = server.memory()?;
    let perf = Perf::attach(server.process());
    let replies = client.run(WINDOW)?.replies as f64;
    // The server still answers what was under way, which is little; then it is at rest.
    thread::sleep(PAUSE);
    let syscalls = perf.and_then(Perf::stop);
    let after = server.memory()?;
    Ok(Counts {
        allocations: Some((after.allocations - before.allocations) as f64 / replies),
        syscalls: syscalls.map(|calls| calls.per(replies)),
    })
}

/// `perf stat` at work.
struct Perf {
    child: Child,
}

impl Perf {
    /// Counts the system calls of a process, if `perf` is there and may.
    fn attach(process: u32) -> Option<Self> {
        let names = [RECEIVE, SEND, WAIT].concat();
        let names = names.iter().map(|name| format!("syscalls:sys_enter_{name}"));
        let events: Vec<_> = [ALL.to_owned()].into_iter().chain(names).collect();
        let child = Command::new("perf")
            .args(["stat", "--field-separator=,", "--pid", &process.to_string()])
            .args(["--event", &events.join(",")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        thread::sleep(PAUSE);
        Some(Self { child })
    }

    fn stop(mut self) -> Option<Syscalls> {
        self.interrupt()?;
        let mut report = String::new();
        self.child.stderr.take()?.read_to_string(&mut report).ok()?;
        self.child.wait().ok()?;
        parse(&report).ok()
    }

    /// Asks `perf` to end until it does: what it is told while it attaches, it forgets. One that never ends is killed.
    fn interrupt(&mut self) -> Option<()> {
        let process = Pid::from_raw(i32::try_from(self.child.id()).ok()?);
        for _ in 0..20 {
            kill(process, Signal::SIGINT).ok()?;
            for _ in 0..10 {
                if self.child.try_wait().ok()?.is_some() {
                    return Some(());
                }
                thread::sleep(PAUSE / 10);
            }
        }
        self.child.kill().ok()
    }
}

/// Reads the lines of `perf stat`: count, unit, event and more.
fn parse(report: &str) -> Result<Syscalls> {
    let count = |event: &str| -> Result<f64> {
        let line = report.lines().find(|line| line.split(',').nth(2) == Some(event));
        let count = line
            .and_then(|line| line.split(',').next())
            .context("perf did not count")?;
        Ok(count.parse()?)
    };
    let sum = |names: &[&str]| -> Result<f64> {
        names
            .iter()
            .map(|name| count(&format!("syscalls:sys_enter_{name}")))
            .sum()
    };
    let (receive, send, wait) = (sum(RECEIVE)?, sum(SEND)?, sum(WAIT)?);
    Ok(Syscalls {
        receive,
        send,
        wait,
        other: count(ALL)? - receive - send - wait,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of them are exact")]
    fn reads_what_perf_writes() {
        let mut report = String::from("\n30,,raw_syscalls:sys_enter,1,100.00,,\n");
        for (names, count) in [(RECEIVE, "2"), (SEND, "1"), (WAIT, "0")] {
            for name in names {
                report.extend([count, ",,syscalls:sys_enter_", name, ",1,100.00,,\n"]);
            }
        }
        report = report.replace(
            "0,,syscalls:sys_enter_epoll_pwait,",
            "5,,syscalls:sys_enter_epoll_pwait,",
        );
        let calls = parse(&report).unwrap();
        assert_eq!(
            [calls.receive, calls.send, calls.wait, calls.other],
            [8.0, 4.0, 5.0, 13.0]
        );
        assert!(parse("<not supported>,,raw_syscalls:sys_enter").is_err());
    }
}
