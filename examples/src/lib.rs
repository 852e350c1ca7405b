//! What the examples share: choosing the runtime, ending well, and two protocols.
//!
//! The protocols are here, and not in the programs, so that tests and simulators can drive them without a program around them.

pub mod chat;
mod program;
mod runtime_choice;
mod server;
pub mod store;
mod typed;

pub use program::{Example, main, parse, run};
pub use runtime_choice::RuntimeChoice;
pub use server::serve_until_interrupted;
pub use typed::typed_lines;
