//! The server in a simulated world: what must hold whatever the network, the scheduler and the clients do, and when
//! exactly.
//!
//! Each test is a sweep over seeds; see [`wirework_sim::sweep()`] for how to replay one and how to try more of them.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]
#![allow(
    clippy::unchecked_time_subtraction,
    reason = "the clock of a simulation does not go back"
)]

mod allocations;
mod conservation;
mod draining;
mod expiry;
mod gone;
mod histories;
mod lab;
mod linearizable;
mod messages;
mod model;
mod restarts;
mod stuck;
mod waiting;
