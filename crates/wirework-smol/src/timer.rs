//! Timers, which are async-io's.

pub use wirework_async_io::Timer;
