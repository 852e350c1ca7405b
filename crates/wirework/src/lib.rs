//! Write a network protocol once; run it on any executor.

mod addr;
mod connection;
mod datagram;
mod listener;
mod network;
mod runtime;
pub mod socket;
mod task;
mod timer;

pub use addr::Addr;
pub use connection::{Connection, Split, ignore_not_connected};
pub use datagram::Datagram;
pub use listener::Listener;
pub use network::Network;
pub use runtime::Runtime;
pub use task::{CatchPanic, Panic, Task, TaskError};
pub use timer::Timer;
pub use wirework_codec as codec;
