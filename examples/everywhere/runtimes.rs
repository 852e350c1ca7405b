//! The three runtimes, at work in one process: the only file here that knows them apart.

use std::io;
use std::path::Path;

use wirework_async_std::AsyncStd;
use wirework_examples::RuntimeChoice;
use wirework_examples::store::transcript;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

use crate::servers::{Door, Served, serve};
use crate::visit::{Plan, Visit, visit};

#[derive(Debug)]
pub(crate) struct Runtimes {
    smol: Smol,
    async_std: AsyncStd,
    tokio: Tokio,
}

impl Runtimes {
    /// Starts all of them, with so many worker threads each.
    pub(crate) fn start(threads: usize) -> anyhow::Result<Self> {
        Ok(Self {
            smol: Smol::new(threads)?,
            async_std: AsyncStd::new(threads)?,
            tokio: Tokio::new(threads)?,
        })
    }

    /// The conversation as it should be. It takes a runtime only since handlers are given one.
    pub(crate) fn reference(&self) -> io::Result<Vec<u8>> {
        transcript::reference(&self.smol)
    }

    /// Opens a server for each transport on one of them. The files of sockets go into `dir`.
    pub(crate) fn serve(&self, on: RuntimeChoice, dir: &Path) -> anyhow::Result<Vec<Served>> {
        match on {
            RuntimeChoice::Smol => serve(&self.smol, on, dir),
            RuntimeChoice::AsyncStd => serve(&self.async_std, on, dir),
            RuntimeChoice::Tokio => serve(&self.tokio, on, dir),
        }
    }

    /// Visits a server from one of them.
    pub(crate) fn visit(&self, from: RuntimeChoice, door: &Door, plan: Plan) -> anyhow::Result<Visit> {
        match from {
            RuntimeChoice::Smol => visit(&self.smol, door, plan),
            RuntimeChoice::AsyncStd => visit(&self.async_std, door, plan),
            RuntimeChoice::Tokio => visit(&self.tokio, door, plan),
        }
    }
}
