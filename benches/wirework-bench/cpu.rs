//! CPU cores and what happens on them: pinning, a process's CPU time, and what else has run.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::time::ClockId;
use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::thread::{CpuSet, sched_setaffinity};

/// How many cores there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Pins the calling thread, and threads it starts from now on, to these cores.
pub(crate) fn pin(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for &core in cores {
        ensure!(core < CpuSet::MAX_CPU, "there is no core {core}");
        set.set(core);
    }
    sched_setaffinity(None, &set).with_context(|| format!("cannot pin to cores {cores:?}"))
}

/// The CPU time that a process has used so far, from its CPU clock: exact, and kept by the kernel anyway.
pub(crate) fn time(process: u32) -> Result<Duration> {
    let process = Pid::from_raw(i32::try_from(process)?);
    let now = ClockId::pid_cpu_clock_id(process).and_then(ClockId::now);
    Ok(now.context("cannot read the CPU clock of the server")?.into())
}

/// For how long the threads of a process could have run but waited, because their core ran something else.
pub(crate) fn waited(process: u32) -> Result<Duration> {
    let mut waited = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let line = match fs::read_to_string(task?.path().join("schedstat")) {
            Err(error) if is_of_ended(&error) => continue,
            line => line?,
        };
        let nanos = line.split_whitespace().nth(1).and_then(|field| field.parse().ok());
        waited += nanos.unwrap_or(0);
    }
    Ok(Duration::from_nanos(waited))
}

/// Whether a file of a thread cannot be read because the thread has ended: before it was opened, or since.
fn is_of_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// For how long these cores ran anything at all, or their hypervisor something else: since boot, in steps of 10 ms.
pub(crate) fn busy(cores: &[usize]) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    Ok(cores.iter().map(|&core| busy_core(&stat, core)).sum())
}

fn busy_core(stat: &str, core: usize) -> Duration {
    let name = format!("cpu{core}");
    let Some(line) = stat.lines().find(|line| line.split_whitespace().next() == Some(&name)) else {
        return Duration::ZERO;
    };
    // user nice system idle iowait irq softirq steal guest guest_nice (proc(5)); guests are part of user and nice.
    let ticks = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map(|field| field.parse().unwrap_or(0));
    let busy = ticks.enumerate().filter(|(field, _)| !matches!(field, 3 | 4));
    Duration::from_millis(busy.map(|(_, ticks): (_, u64)| ticks * 10).sum())
}

/// What the processor calls itself.
pub(crate) fn model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("model name"));
    line.map_or("unknown processor", |line| line.trim_start_matches([' ', '\t', ':']))
        .to_owned()
}

/// The kernel's release.
pub(crate) fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn busy_is_all_but_idle_and_waiting_for_disks() {
        let stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 100 100 4 5 6 7 8\n";
        assert_eq!(busy_core(stat, 0), Duration::from_millis(210));
        assert_eq!(busy_core(stat, 1), Duration::ZERO);
    }

    #[test]
    fn this_process_has_used_time() {
        assert!(time(std::process::id()).unwrap() > Duration::ZERO);
        waited(std::process::id()).unwrap();
    }

    #[test]
    fn threads_that_end_meanwhile_are_none() {
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    thread::spawn(|| {}).join().unwrap();
                }
            });
            let looks = (0..2000).try_for_each(|_| waited(std::process::id()).map(drop));
            ended.store(true, Ordering::Relaxed);
            looks.unwrap();
        });
    }
}
