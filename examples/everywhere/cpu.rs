//! The CPU time of this process: all its threads, user and system together.
//!
//! Unlike the time of day it hardly depends on what else the machine is doing.

use std::time::Duration;

/// How much CPU time has been used so far, where the system tells.
#[cfg(unix)]
pub(crate) fn used() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok()
}

/// How much CPU time has been used so far, where the system tells.
#[cfg(not(unix))]
pub(crate) fn used() -> Option<Duration> {
    None
}
