//! What is no failure, but smells of one.

use std::fmt;
use std::time::Duration;

use super::TaskKey;
use crate::world::World;

/// How many are kept.
const LIMIT: usize = 100;

/// Something that a correct task rarely does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// What it is.
    pub kind: HazardKind,
    /// When it was noticed first, since the world began.
    pub at: Duration,
    /// Which task, with the place that spawned it.
    pub task: String,
}

/// The kinds of [`Hazard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HazardKind {
    /// A task is pending, and nobody holds a waker that could wake it: a lost waker, or a future that never ends on purpose.
    Orphaned,
    /// A task was polled as often as the [spin limit](crate::Config::spin_limit) while nothing happened.
    Spinning,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            HazardKind::Orphaned => "waits and nobody can wake it",
            HazardKind::Spinning => "is polled again and again while nothing happens",
        };
        write!(f, "{:?}: {} {what}", self.at, self.task)
    }
}

impl World {
    /// Notes a hazard, once for each task.
    pub(crate) fn hazard(&mut self, kind: HazardKind, key: TaskKey) {
        if self.hazards.len() < LIMIT && !self.hazards_seen.contains(&(key, kind as u8)) {
            self.hazards_seen.insert((key, kind as u8));
            let task = self.describe(key);
            let at = Duration::from_nanos(self.now);
            self.hazards.push(Hazard { kind, at, task });
        }
    }
}
