//! One turn of one server: what it spent on how many replies, and whether anything disturbed it.

use std::process;
use std::time::Duration;

use anyhow::Result;

use super::field::{Field, Runner};
use crate::cpu;
use crate::load::{self, Client, Load};

/// A turn is calm if server and client together waited for their cores no longer than this part of it,
const MOST_WAITED: f64 = 0.02;

/// and if nothing else ran on these cores for more than this part of it, which is counted in steps of 10 ms.
const MOST_ELSEWHERE: f64 = 0.10;

/// What came of one turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    /// CPU time of the server per reply, in nanoseconds.
    pub(super) cpu_ns: f64,
    pub(super) rate: f64,
    pub(super) latency_us: [f64; 3],
    /// Parts of the turn.
    waited: f64,
    elsewhere: f64,
}

impl Slice {
    /// Whether the machine had time for it.
    pub(super) fn is_calm(&self) -> bool {
        self.waited <= MOST_WAITED && self.elsewhere <= MOST_ELSEWHERE
    }
}

pub(super) fn measure(runner: &Runner, load: Load, window: Duration, field: &Field) -> Result<Slice> {
    let mut client = Client::connect(runner.server.addr, runner.contestant.protocol, load)?;
    client.run(load::WARM_UP)?;
    let before = Usage::now(runner.server.process(), field)?;
    let outcome = client.run(window)?;
    let used = Usage::now(runner.server.process(), field)?.since(&before);
    let share = |time: Duration| time.as_secs_f64() / outcome.elapsed.as_secs_f64();
    Ok(Slice {
        cpu_ns: used.server.as_secs_f64() * 1e9 / outcome.replies as f64,
        rate: outcome.rate(),
        latency_us: load::percentiles(&outcome),
        // Where they share a core they wait for each other, which says nothing.
        waited: if field.is_apart() { share(used.waited) } else { 0.0 },
        elsewhere: share(used.busy.saturating_sub(used.server + used.client)),
    })
}

/// Times since some point in the past.
struct Usage {
    server: Duration,
    client: Duration,
    /// How long server and client have waited for their cores.
    waited: Duration,
    /// How long these cores have been busy.
    busy: Duration,
}

impl Usage {
    fn now(server: u32, field: &Field) -> Result<Self> {
        Ok(Self {
            server: cpu::time(server)?,
            client: cpu::time(process::id())?,
            waited: cpu::waited(server)? + cpu::waited(process::id())?,
            busy: cpu::busy(&field.cores())?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            client: self.client.saturating_sub(before.client),
            waited: self.waited.saturating_sub(before.waited),
            busy: self.busy.saturating_sub(before.busy),
        }
    }
}
