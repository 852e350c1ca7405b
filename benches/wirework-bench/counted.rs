//! `wirework-bench` on an allocator that counts.
//!
//! Its servers answer how often and how much they have allocated; `idle` and `compare` start them where that is asked.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    wirework_bench::main(Some(ALLOCATOR))
}
