//! The program `wirework-bench`; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirework_bench::main(None)
}
