//! An in-memory server that speaks to Redis clients, on any runtime: what a protocol of one's own can look like on wirework.
//!
//! | to see | look at |
//! |---|---|
//! | a connection: commands in, replies out | `connection.rs` |
//! | what else a connection waits for: messages, and what `BLPOP` pops | `connection/` |
//! | what all connections share, and the task beside them | `server.rs`, `store.rs` |
//! | how a command is found and checked | `command.rs`, `call.rs` |
//! | the commands, a family each | `commands/` |
//! | the data behind them | `store/` |
//!
//! Nothing in it names a runtime but `main.rs`, and nothing reads a clock or rolls dice other than by the runtime's.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::len_without_is_empty,
    clippy::struct_excessive_bools,
    clippy::unnecessary_wraps,
    reason = "a program: what is public is so for the rest of it"
)]

mod call;
mod channels;
mod clients;
mod clock;
mod command;
mod commands;
mod connection;
mod fault;
mod glob;
mod mailbox;
mod number;
mod server;
mod session;
mod settings;
mod store;

pub use server::start;
pub use settings::{Settings, parse_memory};
