//! What the process has allocated, if its allocator counts.
//!
//! Which allocator it is was decided where the program was built: counting takes time, so only one of the two does.

use std::alloc::System;
use std::fmt;
use std::fs;
use std::str::FromStr;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use stats_alloc::StatsAlloc;

static ALLOCATOR: OnceLock<Option<&'static StatsAlloc<System>>> = OnceLock::new();

/// Says what the global allocator is.
pub(crate) fn install(allocator: Option<&'static StatsAlloc<System>>) {
    // Only `main` calls it, once.
    let _ = ALLOCATOR.set(allocator);
}

/// Memory in use at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// How many allocations were made since the process began, reallocations included.
    pub(crate) allocations: u64,
    /// Bytes that were asked for and not given back.
    pub(crate) live: u64,
    /// Bytes that the process has in memory, as the kernel counts them.
    pub(crate) resident: u64,
}

impl Memory {
    /// Of this process; the first two are 0 if its allocator does not count.
    pub(crate) fn now() -> Result<Self> {
        let mut memory = Self {
            resident: resident()?,
            ..Self::default()
        };
        if let Some(allocator) = ALLOCATOR.get().copied().flatten() {
            let stats = allocator.stats();
            memory.allocations = (stats.allocations + stats.reallocations) as u64;
            memory.live = stats.bytes_allocated.saturating_sub(stats.bytes_deallocated) as u64;
        }
        Ok(memory)
    }
}

/// The line in which a server tells it.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.allocations, self.live, self.resident)
    }
}

impl FromStr for Memory {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        let numbers = line.split_whitespace().map(str::parse);
        let Ok([allocations, live, resident]) = <[u64; 3]>::try_from(numbers.collect::<Result<Vec<_>, _>>()?) else {
            bail!("{line:?} does not tell the memory of a server");
        };
        Ok(Self {
            allocations,
            live,
            resident,
        })
    }
}

/// Bytes of private memory, by the kernel's count.
fn resident() -> Result<u64> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").context("cannot read the kernel's count of memory")?;
    let kibibytes = |name: &str| -> Option<u64> {
        let line = rollup.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let private = kibibytes("Private_Dirty:").context("the kernel does not count dirty memory")?;
    Ok(private * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_the_line() {
        let memory = Memory {
            allocations: 1,
            live: 2,
            resident: 3,
        };
        assert_eq!(memory.to_string().parse::<Memory>().unwrap(), memory);
        assert!("1 2".parse::<Memory>().is_err());
        assert!(Memory::now().unwrap().resident > 0);
    }
}
