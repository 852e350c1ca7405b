//! The common commands, a method each.

mod collections;
mod keys;
mod set;
mod strings;

pub use self::set::SetOptions;
