#![doc = include_str!("../README.md")]

mod check;
mod choices;
mod clock;
mod config;
mod error;
mod events;
mod executor;
mod faults;
mod host;
mod link;
mod net;
mod network;
mod observer;
mod pcapng;
mod plan;
mod report;
mod runtime;
mod shared;
mod shrink;
mod sim;
#[cfg(feature = "proptest")]
mod strategy;
mod sweep;
mod task;
mod timers;
mod trace;
mod world;

pub use check::Check;
pub use choices::{Choice, Choices, Dice, Recorder};
pub use config::{Config, Policy};
pub use error::{ConfigError, Failure, FailureKind};
pub use executor::{Hazard, HazardKind};
pub use faults::DnsFault;
pub use host::{Host, HostOptions};
pub use link::{Latency, Link};
pub use net::{SimReadHalf, SimStream, SimTcpListener, SimUdpSocket, SimUnixListener, SimWriteHalf};
pub use observer::Observer;
pub use pcapng::{Capture, Segment};
pub use plan::{Event, Family, Fault, ParsePlanError, Plan, Swarm};
pub use report::Tally;
pub use runtime::{SimRuntime, run};
pub use shrink::shrink;
pub use sim::Sim;
#[cfg(feature = "proptest")]
pub use strategy::{AnyChoices, ChoicesTree};
pub use sweep::{Passed, SweepConfig, Trial, TrialFailure, assert_same_in_fresh_processes, run_trial, sweep};
pub use task::SimTask;
pub use timers::SimTimer;
