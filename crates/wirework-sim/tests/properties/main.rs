//! Wirework under its own simulator: what must hold whatever the network, the scheduler and the peers do.
//!
//! One binary for all of them, since linking takes longer than most sweeps. Each test is a sweep over seeds; see
//! [`wirework_sim::sweep()`] for how to replay one and how to try more.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]
#![allow(
    clippy::unchecked_time_subtraction,
    reason = "the clock of a simulation does not go back"
)]

mod bridges;
mod calls;
mod cancelling;
mod connecting;
mod determinism;
mod ending;
mod faults;
mod framing;
mod lab;
mod limits;
mod reconnecting;
mod time;
mod wakes;
