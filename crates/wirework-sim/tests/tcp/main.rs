//! TCP between simulated hosts behaves as Linux does, with and without faults.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(clippy::unchecked_time_subtraction, reason = "time goes on")]

mod accepting;
mod closing;
mod connecting;
mod faults;
mod hosts;
mod names;
mod pair;
mod runs;
mod transfer;
