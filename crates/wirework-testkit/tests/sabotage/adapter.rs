//! An adapter of smol that is right but for one fault.

mod fault;
mod halves;
mod listener;
mod network;
mod runtime;
mod stream;
mod task;
mod timer;
mod udp;
mod waking;

pub(crate) use fault::Fault;
pub(crate) use runtime::Sabotaged;
