//! The results of a comparison, as they are written to `results.json`.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// The arguments it was run with.
    pub(crate) command: String,
    pub(crate) date: String,
    pub(crate) machine: Machine,
    /// Threads of each server.
    pub(crate) threads: usize,
    pub(crate) rounds: usize,
    pub(crate) window_ms: u64,
    /// What the CPU times are compared with.
    pub(crate) opponent: String,
    /// How many measurements were disturbed and not used.
    pub(crate) dropped: usize,
    /// Whether disturbed measurements were used all the same.
    pub(crate) accepted_busy: bool,
    pub(crate) scenarios: Vec<ScenarioResults>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScenarioResults {
    pub(crate) name: String,
    pub(crate) about: String,
    /// The epoll loop, if that is what all others were compared with.
    pub(crate) limit: Option<Row>,
    pub(crate) rows: Vec<Row>,
}

/// One server in one scenario.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) runtime: String,
    pub(crate) protocol: String,
    /// Rounds that were used (of the limit, all its duels), and rounds in which it could not be measured.
    pub(crate) rounds: usize,
    pub(crate) dropped: usize,
    /// CPU time per reply over that of what it was compared with, which took turns with it. Not for the limit itself.
    pub(crate) ratio: Option<Spread>,
    /// `None` where no round was used.
    #[serde(flatten)]
    pub(crate) timed: Option<Timed>,
    /// Allocations per reply.
    pub(crate) allocations: Option<f64>,
    /// System calls per reply.
    pub(crate) syscalls: Option<Syscalls>,
}

/// What was timed: medians over the rounds that were used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Timed {
    /// CPU time of the server per reply, in nanoseconds.
    pub(crate) cpu_ns: f64,
    pub(crate) replies_per_second: f64,
    pub(crate) latency_us: Latency,
}

/// A median between its quartiles, and how far off it may be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// Of a hundred such medians, 95 are within this of what no end of rounds would give. `None` of fewer than six rounds.
    pub(crate) error: Option<f64>,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Syscalls {
    pub(crate) receive: f64,
    pub(crate) send: f64,
    /// For events: the fewer of them come at once, the more often. Set by the client as much as by the server.
    pub(crate) wait: f64,
    /// Waking, timers and the rest.
    pub(crate) other: f64,
}

impl Syscalls {
    /// Divides by a number of replies.
    pub(crate) fn per(self, replies: f64) -> Self {
        Self {
            receive: self.receive / replies,
            send: self.send / replies,
            wait: self.wait / replies,
            other: self.other / replies,
        }
    }
}
