//! An adapter of smol that is right but for one fault.

mod fault;
mod listener;
mod network;
mod runtime;
mod stream;
mod task;
mod timer;
mod udp;

pub(crate) use fault::Fault;
pub(crate) use runtime::Sabotaged;
