//! A simulated network and clock for testing wirework programs under faults, reproducibly.

mod choices;

pub use choices::{Choice, Choices, Dice, Recorder};
