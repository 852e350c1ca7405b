//! Fuzzes `sim`; see `targets.rs`.

#![no_main]

#[allow(dead_code, missing_docs, reason = "all targets share the module")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::sim(data));
