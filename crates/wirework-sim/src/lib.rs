//! A simulated network and clock for testing wirework programs under faults, reproducibly.

mod check;
mod choices;
mod pcapng;
mod plan;
mod shrink;

pub use check::Check;
pub use choices::{Choice, Choices, Dice, Recorder};
pub use pcapng::{Capture, Segment};
pub use plan::{Event, Family, Fault, ParsePlanError, Plan, Swarm};
pub use shrink::shrink;
