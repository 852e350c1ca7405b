//! What holds of the codecs: how bytes are cut does not matter, values come back, errors are Redis's, nothing is allocated
//! where nothing must be.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

mod allocations;
mod commands;
mod linear;
mod malformed;
mod properties;
mod values;
