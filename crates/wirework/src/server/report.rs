//! What became of a server's connections.

use std::fmt;

use super::{Deadline, Refusal};

/// Counts of a server's connections; see [`RunningServer::shutdown`](crate::RunningServer::shutdown).
///
/// Every accepted connection is counted in one of `completed`, `failed`, `panicked`, `timed_out` and `cut`, or is still `active`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections being handled now.
    pub active: u64,
    /// Connections whose handler returned without an error.
    pub completed: u64,
    /// Connections whose handler returned an error.
    pub failed: u64,
    /// Connections whose handler panicked.
    pub panicked: u64,
    /// Connections that missed a deadline; see [`missed`](Self::missed) for which.
    pub timed_out: u64,
    /// Connections that were cut off: they had not finished by the drain deadline, someone asked for it, or nobody waited
    /// for them.
    pub cut: u64,
    /// Of all these, connections that ended by themselves after the shutdown had begun.
    pub drained: u64,
    /// Connections that were not let in; see [`refused_by`](Self::refused_by) for why. They count nowhere else.
    pub refused: u64,
    /// Listeners that failed for good, with nobody listening there any more. Why was logged.
    pub lost_listeners: u64,
    pub(super) refusals: [u64; Refusal::COUNT],
    pub(super) missed: [u64; Deadline::COUNT],
}

impl Report {
    /// How many connections missed that deadline.
    #[must_use]
    pub fn missed(&self, deadline: Deadline) -> u64 {
        self.missed[deadline as usize]
    }

    /// How many connections were not let in for that reason.
    #[must_use]
    pub fn refused_by(&self, refusal: Refusal) -> u64 {
        self.refusals[refusal as usize]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections: {} completed, {} failed, {} panicked, {} timed out, {} cut; {} of them drained; {} refused",
            self.accepted,
            self.completed,
            self.failed,
            self.panicked,
            self.timed_out,
            self.cut,
            self.drained,
            self.refused
        )?;
        match self.lost_listeners {
            0 => Ok(()),
            lost => write!(f, "; {lost} listeners lost"),
        }
    }
}
