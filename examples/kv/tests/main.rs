//! The server from outside, as a program: on every runtime, by plain sockets and by the clients that people use.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

mod clients;
mod commands;
mod differential;
mod faults;
mod process;
mod sigterm;
mod slow;
mod waiting;
mod wire;

/// Makes of each `fn name(runtime: &str)` a test on every runtime.
macro_rules! on_each_runtime {
    ($($check:ident),+ $(,)?) => {
        mod smol { $( #[test] fn $check() { super::$check("smol"); } )+ }
        mod async_std { $( #[test] fn $check() { super::$check("async-std"); } )+ }
        mod tokio { $( #[test] fn $check() { super::$check("tokio"); } )+ }
    };
}
pub(crate) use on_each_runtime;
