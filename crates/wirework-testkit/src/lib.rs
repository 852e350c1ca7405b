#![doc = include_str!("../README.md")]

pub mod conformance;
mod descriptors;
mod fill;
mod foreign_thread;
mod pattern;
mod pause;
mod reset;
mod steps;
#[cfg(unix)]
mod temp_path;
pub mod transport;
mod verify;
mod wake_counter;

pub use verify::{Failure, Outcome, verify_borrow_decoder, verify_decoder, verify_round_trip};
