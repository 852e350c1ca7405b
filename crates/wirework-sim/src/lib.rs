//! A simulated network and clock for testing wirework programs under faults, reproducibly.

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
mod report;
mod runtime;
mod shared;
mod sim;
mod task;
mod timers;
mod trace;
mod world;

pub use choices::{Choice, Choices, Dice, Recorder};
pub use config::{Config, Policy};
pub use error::{ConfigError, Failure, FailureKind};
pub use executor::{Hazard, HazardKind};
pub use faults::DnsFault;
pub use host::{Host, HostOptions};
pub use link::{Latency, Link};
pub use report::Tally;
pub use runtime::{SimRuntime, run};
pub use sim::Sim;
pub use task::SimTask;
pub use timers::SimTimer;
