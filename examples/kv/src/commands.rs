//! The commands, a family in each file.

pub mod blocking;
mod connection;
mod expiry;
mod hashes;
mod keys;
mod lists;
mod pubsub;
mod scan;
mod score_ranges;
mod server;
mod sets;
mod sorted_sets;
mod strings;
mod transactions;

use crate::command::Spec;

/// All of them.
pub const FAMILIES: &[&[Spec]] = &[
    blocking::COMMANDS,
    connection::COMMANDS,
    expiry::COMMANDS,
    hashes::COMMANDS,
    keys::COMMANDS,
    lists::COMMANDS,
    pubsub::COMMANDS,
    scan::COMMANDS,
    score_ranges::COMMANDS,
    server::COMMANDS,
    sets::COMMANDS,
    sorted_sets::COMMANDS,
    strings::COMMANDS,
    transactions::COMMANDS,
];
