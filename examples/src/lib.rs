//! What the examples share: choosing the runtime, ending well, and a protocol.
//!
//! The protocol is here, and not in the program, so that tests and simulators can drive it without a program around it.

pub mod chat;
mod program;
mod runtime_choice;
mod server;
mod typed;

pub use program::{Example, main, parse, run};
pub use runtime_choice::RuntimeChoice;
pub use server::serve_until_interrupted;
pub use typed::typed_lines;
