//! The concurrent parts of the reactor, under every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p wirework-async-io --test loom --release`
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the modules are those of the crates, and not all of each is used here"
)]

#[path = "../../src/reactor/crew.rs"]
mod crew;
#[path = "../../src/interest.rs"]
mod interest;
#[path = "../../src/reactor/parker.rs"]
mod parker;
#[path = "../../../wirework/src/places.rs"]
mod places;
#[path = "../../src/reactor/readiness.rs"]
mod readiness;
#[path = "../../src/reactor/roles.rs"]
mod roles;
#[path = "../../src/reactor/table.rs"]
mod table;

mod epoll;
mod executor;
mod model;
mod probe;
mod socket;
mod sockets;
mod threads;

/// Leaves out what takes more than three preemptions, of which there is too much.
pub(crate) fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
