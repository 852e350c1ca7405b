//! The memory that connections hold while nothing happens on them: before they were used, and after.
//!
//! Counted where it is allocated, so a figure is what the server asked for, without the allocator's own overhead; the memory
//! that the kernel has given to the process is shown next to it.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::child::{Server, Spec};
use crate::load::{Client, Load};
use crate::memory::Memory;
use crate::protocol::Protocol;
use crate::serve::{Deadlines, Runtime};

/// A server is at rest when it has allocated nothing for so long.
const REST: Duration = Duration::from_millis(200);

/// The arguments of `idle`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to run on.
    #[arg(long, required = true, value_delimiter = ',')]
    runtime: Vec<Runtime>,
    /// What the server speaks.
    #[arg(long, default_value = "framed-owned")]
    protocol: Protocol,
    /// How many threads serve connections.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How many connections to hold.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,18000")]
    connections: Vec<usize>,
    /// How many bytes of payload the requests in between have.
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Print one line of JSON for each.
    #[arg(long)]
    json: bool,
}

/// Bytes per connection.
#[derive(Debug, Serialize)]
struct Row {
    runtime: Runtime,
    connections: usize,
    /// Allocated, before and after requests.
    allocated: [u64; 2],
    /// Resident, before and after requests.
    resident: [u64; 2],
}

/// Measures each server with each number of connections.
pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.json {
        println!("| runtime | connections | allocated | after requests | resident | after requests |");
        println!("|---|---|---|---|---|---|");
    }
    for &runtime in &args.runtime {
        for &connections in &args.connections {
            let row = measure(args, runtime, connections)?;
            if args.json {
                println!("{}", serde_json::to_string(&row)?);
            } else {
                let [before, after] = row.allocated;
                let [resident, resident_after] = row.resident;
                let name = crate::child::name(&runtime);
                println!("| {name} | {connections} | {before} B | {after} B | {resident} B | {resident_after} B |");
            }
        }
    }
    Ok(())
}

fn measure(args: &Args, runtime: Runtime, connections: usize) -> Result<Row> {
    ensure!(connections > 0, "--connections must be at least 1");
    let spec = Spec {
        runtime,
        protocol: args.protocol,
        deadlines: Deadlines::Default,
        threads: args.threads,
        cores: &[],
        counted: true,
        program: None,
    };
    let mut server = Server::start(spec)?;
    // The first connection pays for what all of them share.
    let load = |connections| Load {
        connections,
        active: None,
        depth: 1,
        size: args.size,
    };
    Client::connect(server.addr, args.protocol, load(1))?.exchange_once()?;
    let none = at_rest(&mut server)?;
    let mut client = Client::connect(server.addr, args.protocol, load(connections))
        .context("a process may open too few files for that many connections; see ulimit -n")?;
    let before = at_rest(&mut server)?;
    client.exchange_once()?;
    let after = at_rest(&mut server)?;
    let each = |bytes: u64, none: u64| bytes.saturating_sub(none) / connections as u64;
    Ok(Row {
        runtime,
        connections,
        allocated: [each(before.live, none.live), each(after.live, none.live)],
        resident: [
            each(before.resident, none.resident),
            each(after.resident, none.resident),
        ],
    })
}

/// The memory of a server once it has stopped allocating.
fn at_rest(server: &mut Server) -> Result<Memory> {
    let mut memory = server.memory()?;
    loop {
        thread::sleep(REST);
        let now = server.memory()?;
        // Telling it takes a few allocations itself.
        if now.live.abs_diff(memory.live) < 1024 && now.allocations - memory.allocations < 64 {
            return Ok(now);
        }
        memory = now;
    }
}
