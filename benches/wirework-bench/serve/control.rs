//! How a comparison talks to the servers that it has started: a line in, a line out, the end of input to stop.

use std::io::{self, BufRead};

use anyhow::Result;

use crate::memory::Memory;

/// Answers until standard input ends, as it does when whoever has started this process is gone.
pub(super) fn run() -> Result<()> {
    for line in io::stdin().lock().lines() {
        line?;
        println!("{}", Memory::now()?);
    }
    Ok(())
}
