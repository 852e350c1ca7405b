//! The kinds of faults, and their texts.

use std::fmt;
use std::time::Duration;

use super::Family;

/// Something that goes wrong, and how it ends. Hosts are named as in the simulation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing gets through between two hosts; connections stall, and go on some time after the partition has healed, as
    /// retransmissions are spaced ever further.
    Partition {
        /// One side.
        a: String,
        /// The other.
        b: String,
        /// Until it heals.
        lasts: Duration,
    },
    /// Nothing gets through in one direction.
    OneWay {
        /// The side that is not heard.
        from: String,
        /// The side that does not hear.
        to: String,
        /// Until it heals.
        lasts: Duration,
    },
    /// Everything is held up in one direction, and comes at once when it ends; nothing is lost.
    Clog {
        /// The side whose bytes are held up.
        from: String,
        /// The side that waits for them.
        to: String,
        /// Until it ends.
        lasts: Duration,
    },
    /// Every connection between two hosts is reset.
    Reset {
        /// One side.
        a: String,
        /// The other.
        b: String,
    },
    /// The process on a host is killed: its tasks are gone, and its kernel ends its connections. It is started again.
    Kill {
        /// The host.
        host: String,
        /// Until it is started again.
        down: Duration,
    },
    /// A host is gone without a word: its peers hear nothing, and a reset only once it is up again.
    PowerOff {
        /// The host.
        host: String,
        /// Until it is started again.
        down: Duration,
    },
    /// Tasks on a host do not run, while its kernel goes on.
    Pause {
        /// The host.
        host: String,
        /// Until they go on.
        lasts: Duration,
    },
    /// A host reads from its connections a byte at a time, and rarely.
    SlowReader {
        /// The host.
        host: String,
        /// Until it reads as it should.
        lasts: Duration,
    },
    /// Looking up any name fails on a host.
    FailDns {
        /// The host.
        host: String,
        /// Until it succeeds.
        lasts: Duration,
    },
    /// Accepting fails on a host, as it does without free descriptors.
    FailAccept {
        /// The host.
        host: String,
        /// Until it succeeds.
        lasts: Duration,
    },
    /// The wall clock of a host jumps; the monotonic clock, which deadlines are measured on, does not.
    StepClock {
        /// The host.
        host: String,
        /// How far.
        by: Duration,
        /// Into the past rather than the future.
        back: bool,
    },
}

impl Fault {
    /// The family that swarms switch on and off together.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Partition { .. } => Family::Partition,
            Self::OneWay { .. } => Family::OneWay,
            Self::Clog { .. } => Family::Clog,
            Self::Reset { .. } => Family::Reset,
            Self::Kill { .. } => Family::Kill,
            Self::PowerOff { .. } => Family::PowerOff,
            Self::Pause { .. } => Family::Pause,
            Self::SlowReader { .. } => Family::SlowReader,
            Self::FailDns { .. } => Family::Dns,
            Self::FailAccept { .. } => Family::Accept,
            Self::StepClock { .. } => Family::Clock,
        }
    }

    /// How long it lasts; zero for what happens in an instant.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        match self {
            Self::Partition { lasts, .. }
            | Self::OneWay { lasts, .. }
            | Self::Clog { lasts, .. }
            | Self::Pause { lasts, .. }
            | Self::SlowReader { lasts, .. }
            | Self::FailDns { lasts, .. }
            | Self::FailAccept { lasts, .. } => *lasts,
            Self::Kill { down, .. } | Self::PowerOff { down, .. } => *down,
            Self::Reset { .. } | Self::StepClock { .. } => Duration::ZERO,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partition { a, b, lasts } => write!(f, "partition {a} <-> {b} for {lasts:?}"),
            Self::OneWay { from, to, lasts } => write!(f, "partition {from} -> {to} for {lasts:?}"),
            Self::Clog { from, to, lasts } => write!(f, "clog {from} -> {to} for {lasts:?}"),
            Self::Reset { a, b } => write!(f, "reset {a} <-> {b}"),
            Self::Kill { host, down } => write!(f, "kill {host} for {down:?}"),
            Self::PowerOff { host, down } => write!(f, "power-off {host} for {down:?}"),
            Self::Pause { host, lasts } => write!(f, "pause {host} for {lasts:?}"),
            Self::SlowReader { host, lasts } => write!(f, "slow-reader {host} for {lasts:?}"),
            Self::FailDns { host, lasts } => write!(f, "fail-dns {host} for {lasts:?}"),
            Self::FailAccept { host, lasts } => write!(f, "fail-accept {host} for {lasts:?}"),
            Self::StepClock { host, by, back } => {
                write!(f, "step-clock {host} {} {by:?}", if *back { "back" } else { "ahead" })
            }
        }
    }
}
