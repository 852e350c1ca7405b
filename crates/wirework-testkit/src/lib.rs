//! Test kit for wirework.
//!
//! - [`verify_decoder`] checks that a codec keeps its contract, however its input is cut.

mod verify;

pub use verify::{Failure, Outcome, verify_borrow_decoder, verify_decoder, verify_round_trip};
