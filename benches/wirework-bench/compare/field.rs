//! Who takes part in a comparison, and in what.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{Args, takes_part};
use crate::child::{Server, Spec};
use crate::cpu;
use crate::load::Load;
use crate::protocol::Protocol;
use crate::serve::{Deadlines, Runtime};

/// A server that is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contestant {
    pub(super) name: &'static str,
    pub(super) runtime: Runtime,
    pub(super) protocol: Protocol,
    pub(super) deadlines: Deadlines,
}

const fn contestant(name: &'static str, runtime: Runtime, protocol: Protocol) -> Contestant {
    Contestant {
        name,
        runtime,
        protocol,
        deadlines: Deadlines::Default,
    }
}

const fn with_deadlines(name: &'static str, runtime: Runtime, deadlines: Deadlines) -> Contestant {
    Contestant {
        name,
        runtime,
        protocol: Protocol::Framed,
        deadlines,
    }
}

pub(super) const LIMIT: Contestant = contestant("epoll, by hand", Runtime::Epoll, Protocol::Framed);

const CONTESTANTS: &[Contestant] = &[
    contestant("wirework on smol", Runtime::Smol, Protocol::Framed),
    contestant("wirework on smol, owned", Runtime::Smol, Protocol::FramedOwned),
    contestant("wirework on async-std", Runtime::AsyncStd, Protocol::Framed),
    contestant("wirework on async-std, owned", Runtime::AsyncStd, Protocol::FramedOwned),
    contestant("wirework on tokio", Runtime::Tokio, Protocol::Framed),
    contestant("wirework on tokio, owned", Runtime::Tokio, Protocol::FramedOwned),
    contestant("smol, by hand", Runtime::SmolRaw, Protocol::Framed),
    contestant("tokio, by hand", Runtime::TokioRaw, Protocol::Framed),
    contestant(
        "asynchronous-codec forward",
        Runtime::AsynchronousCodec,
        Protocol::FramedOwned,
    ),
    contestant("ntex dispatcher", Runtime::Ntex, Protocol::FramedOwned),
    contestant("tokio-util forward", Runtime::TokioUtilForward, Protocol::FramedOwned),
    contestant("tokio-util send", Runtime::TokioUtil, Protocol::FramedOwned),
];

/// What they spend on deadlines: each runtime without any, and with every one that there is.
const DEADLINES: &[Contestant] = &[
    with_deadlines("smol, no deadlines", Runtime::Smol, Deadlines::None),
    with_deadlines("smol, all deadlines", Runtime::Smol, Deadlines::All),
    with_deadlines("async-std, no deadlines", Runtime::AsyncStd, Deadlines::None),
    with_deadlines("async-std, all deadlines", Runtime::AsyncStd, Deadlines::All),
    with_deadlines("tokio, no deadlines", Runtime::Tokio, Deadlines::None),
    with_deadlines("tokio, all deadlines", Runtime::Tokio, Deadlines::All),
];

/// What all of them are put under.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) load: Load,
}

const fn scenario(name: &'static str, about: &'static str, connections: usize, depth: usize, size: usize) -> Scenario {
    Scenario {
        name,
        about,
        load: Load {
            connections,
            active: if connections > 1000 { Some(50) } else { None },
            depth,
            size,
        },
    }
}

/// A quick comparison takes the first four.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "depth-1",
        "50 connections, one 64-byte frame under way on each",
        50,
        1,
        64,
    ),
    scenario(
        "depth-16",
        "50 connections, 16 64-byte frames under way on each",
        50,
        16,
        64,
    ),
    scenario(
        "depth-128",
        "50 connections, 128 64-byte frames under way on each",
        50,
        128,
        64,
    ),
    scenario(
        "64-kib",
        "50 connections, one 64-KiB frame under way on each",
        50,
        1,
        64 * 1024,
    ),
    scenario(
        "10-connections",
        "10 connections, one 64-byte frame under way on each",
        10,
        1,
        64,
    ),
    scenario(
        "1000-connections",
        "1,000 connections, one 64-byte frame under way on each",
        1000,
        1,
        64,
    ),
    scenario(
        "10000-connections",
        "10,000 connections, of which 50 have one 64-byte frame under way",
        10_000,
        1,
        64,
    ),
];

/// Who takes part, and where.
pub(super) struct Field {
    /// The program whose servers the contestants are compared with, each with its own; the epoll loop unless given.
    pub(super) baseline: Option<PathBuf>,
    pub(super) contestants: Vec<Contestant>,
    pub(super) threads: usize,
    pub(super) server_cores: Vec<usize>,
    pub(super) client_core: usize,
    /// How many cores there are; once the client is pinned, it would be told of its own only.
    pub(super) all_cores: usize,
}

impl Field {
    pub(super) fn new(args: &Args) -> Result<Self> {
        let cores = cpu::cores();
        ensure!(
            cores > 1,
            "a comparison needs a core for the server and one for the client"
        );
        // With fewer cores than that, the client has to share its own.
        let last = if args.threads < cores { args.threads } else { cores };
        let all = if args.deadlines { DEADLINES } else { CONTESTANTS };
        let contestants = all.iter().filter(|one| takes_part(&args.only, one.runtime));
        Ok(Self {
            baseline: args.baseline.clone(),
            contestants: contestants.copied().collect(),
            threads: args.threads,
            server_cores: (0..last).collect(),
            client_core: cores - 1,
            all_cores: cores,
        })
    }

    /// Starts a server.
    pub(super) fn start(&self, contestant: Contestant) -> Result<Server> {
        self.start_as(contestant, false, None)
    }

    /// Starts what a server is compared with.
    pub(super) fn start_opponent(&self, contestant: Contestant) -> Result<Server> {
        match &self.baseline {
            Some(program) => self.start_as(contestant, false, Some(program)),
            None => self.start(LIMIT),
        }
    }

    /// Starts a server whose allocations are counted.
    pub(super) fn start_counted(&self, contestant: Contestant) -> Result<Server> {
        self.start_as(contestant, true, None)
    }

    fn start_as(&self, contestant: Contestant, counted: bool, program: Option<&Path>) -> Result<Server> {
        Server::start(Spec {
            runtime: contestant.runtime,
            protocol: contestant.protocol,
            deadlines: contestant.deadlines,
            threads: self.threads,
            cores: &self.server_cores,
            counted,
            program,
        })
    }

    /// Whether the client has its core for itself.
    pub(super) fn is_apart(&self) -> bool {
        !self.server_cores.contains(&self.client_core)
    }

    /// The cores that the comparison runs on.
    pub(super) fn cores(&self) -> Vec<usize> {
        let mut cores = self.server_cores.clone();
        cores.push(self.client_core);
        cores.dedup();
        cores
    }
}
