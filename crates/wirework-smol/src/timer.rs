//! Timers, which are those on async-io.

pub use wirework_async_io::Timer;
