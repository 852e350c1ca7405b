//! What can be counted rather than timed: allocations and system calls per reply.
//!
//! Counted apart from the timed rounds, as counting takes time itself.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, process, thread};

use anyhow::{Context, Result};
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use super::field::{Contestant, Field};
use crate::load::{Client, Load};
use crate::report::results::Syscalls;

/// How long to count.
const WINDOW: Duration = Duration::from_millis(200);

/// How long the server gets to come to rest.
const PAUSE: Duration = Duration::from_millis(120);

/// How often it is looked whether `perf` has done what it was asked to, and how many times.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 300;

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
    /// Counts the system calls of a process from now on, if `perf` is there and may.
    fn attach(process: u32) -> Option<Self> {
        let names = [RECEIVE, SEND, WAIT].concat();
        let names = names.iter().map(|name| format!("syscalls:sys_enter_{name}"));
        let events: Vec<_> = [ALL.to_owned()].into_iter().chain(names).collect();
        let mut orders = Pipe::new("orders")?;
        let mut answers = Pipe::new("answers")?;
        let child = Command::new("perf")
            .args(["stat", "--field-separator=,", "--pid", &process.to_string()])
            .args(["--event", &events.join(","), "--delay=-1"])
            .arg(format!(
                "--control=fifo:{},{}",
                orders.path.display(),
                answers.path.display()
            ))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut perf = Self { child };
        orders.file.write_all(b"enable\n").ok()?;
        perf.wait_for(|_| answers.file.read(&mut [0; 16]).is_ok_and(|len| len > 0))?;
        Some(perf)
    }

    fn stop(mut self) -> Option<Syscalls> {
        let process = Pid::from_raw(i32::try_from(self.child.id()).ok()?);
        kill(process, Signal::SIGINT).ok()?;
        self.wait_for(|child| matches!(child.try_wait(), Ok(Some(_))))?;
        let mut report = String::new();
        self.child.stderr.take()?.read_to_string(&mut report).ok()?;
        parse(&report).ok()
    }

    /// `None` if that is not so in time, or if `perf` has ended without it.
    fn wait_for(&mut self, mut is_so: impl FnMut(&mut Child) -> bool) -> Option<()> {
        for _ in 0..LOOKS {
            let has_ended = self.child.try_wait().ok()?.is_some();
            if is_so(&mut self.child) {
                return Some(());
            }
            if has_ended {
                return None;
            }
            thread::sleep(LOOK);
        }
        None
    }
}

impl Drop for Perf {
    fn drop(&mut self) {
        // It mostly has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe with a name, which is gone with this.
struct Pipe {
    path: PathBuf,
    file: File,
}

impl Pipe {
    fn new(name: &str) -> Option<Self> {
        let path = env::temp_dir().join(format!("wirework-bench-{name}-{}", process::id()));
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).ok()?;
        // To write as well, even where it is read: otherwise it would be closed until `perf` has opened it.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&path);
        let file = file.inspect_err(|_| remove(&path)).ok()?;
        Some(Self { path, file })
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path);
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
