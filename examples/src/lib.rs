//! What the examples share: choosing the runtime and ending well.

mod program;
mod runtime_choice;
mod server;
mod typed;

pub use program::{Example, main, parse, run};
pub use runtime_choice::RuntimeChoice;
pub use server::serve_until_interrupted;
pub use typed::typed_lines;
