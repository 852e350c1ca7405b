//! Many tasks calling over one connection, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "client/closing.rs"]
mod closing;
#[path = "client/failing.rs"]
mod failing;
#[path = "client/giving_up.rs"]
mod giving_up;
#[path = "client/limits.rs"]
mod limits;
#[path = "client/lines.rs"]
mod lines;
#[path = "client/numbered.rs"]
mod numbered;
#[path = "client/pushes.rs"]
mod pushes;
#[path = "client/silence.rs"]
mod silence;
#[path = "client/storms.rs"]
mod storms;
