//! `wirework-bench` measures servers on every runtime, and on what else there is, against a hand-written epoll loop.
//!
//! - `serve` is the server that is measured, `load` the client that measures it: across machines, or by hand.
//! - `compare` runs both, next to each other and in turns, and reports ratios that hold on a noisy machine.
//! - `clients` compares clients of Redis, on one server.
//! - `redis` compares the example kv with Redis itself.
//! - `slowloris` has a thousand clients send a byte a second, and sees how a normal one fares.
//! - `sim` measures the simulator, on one thread and without sockets.
//! - `idle` counts the memory that connections hold while nothing happens.
//!
//! A library only so that two programs can be made of it: one that counts allocations and one that does not.

#![expect(clippy::cast_precision_loss, reason = "what is counted here stays far below 2^52")]

mod by_hand;
mod child;
mod cli;
mod clients;
mod compare;
mod cpu;
mod hold;
mod idle;
mod load;
mod memory;
mod protocol;
mod redis;
mod report;
mod serve;
mod sim;
mod slowloris;

pub use cli::main;
