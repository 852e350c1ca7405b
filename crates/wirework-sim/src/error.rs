//! What cannot be simulated, and how a run fails.

use std::time::Duration;
use std::{error, fmt};

/// A scenario that makes no sense, with the name of the culprit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no host of that name.
    UnknownHost {
        /// The name asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A link that could carry nothing.
    Link {
        /// The link.
        link: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// Limits under which a host could do nothing.
    Host {
        /// The host's name.
        name: String,
        /// What is wrong with it.
        wrong: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost { name, known } => write!(f, "there is no host {name:?} among {known:?}"),
            Self::Link { link, wrong } => write!(f, "impossible link {link}: {wrong}"),
            Self::Host { name, wrong } => write!(f, "impossible host {name:?}: {wrong}"),
        }
    }
}

impl error::Error for ConfigError {}

/// Why a run did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// Nothing can happen any more, and the main future waits.
    Deadlock,
    /// A task is polled again and again, and nothing else is to come.
    Livelock,
    /// The limit of simulated time was reached.
    OutOfTime,
}

/// A run that did not come to its end, and what there is to say about it.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) at: Duration,
    pub(crate) report: String,
}

impl Failure {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// When, since the world began.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Which task waits for what, a line each.
    #[must_use]
    pub fn report(&self) -> &str {
        &self.report
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FailureKind::Deadlock => "deadlock: nothing can happen any more",
            FailureKind::Livelock => "livelock: a task is polled for ever and time does not move",
            FailureKind::OutOfTime => "the limit of simulated time was reached",
        };
        write!(f, "{what} (after {:?})\n{}", self.at, self.report)
    }
}

impl error::Error for Failure {}
