//! The runtime as an option of the command line.
//!
//! This match is all that a program needs to leave the choice to its user; one that chooses by itself has one of the arms.

use std::fmt;

use clap::ValueEnum;

use crate::Example;

/// A runtime to run on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum RuntimeChoice {
    /// Small crates, put together.
    #[default]
    Smol,
    /// Discontinued: for programs that still are on it.
    AsyncStd,
    /// The most widely used.
    Tokio,
}

impl RuntimeChoice {
    /// Runs a program on this runtime, with one worker thread per CPU core.
    ///
    /// # Errors
    /// Those of the program.
    pub fn run(self, example: impl Example) -> anyhow::Result<()> {
        match self {
            Self::Smol => wirework_smol::run(|network| example.run(network)),
            Self::AsyncStd => wirework_async_std::run(|network| example.run(network)),
            Self::Tokio => wirework_tokio::run(|network| example.run(network)),
        }
    }
}

impl fmt::Display for RuntimeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smol => "smol",
            Self::AsyncStd => "async-std",
            Self::Tokio => "tokio",
        })
    }
}
