//! What a framed connection of a server allocates: how much while it is idle, and nothing for a frame. Counted in the whole
//! process, so there is but one test.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::alloc::System;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use wirework::codec::LengthDelimited;
use wirework::{Connection, Context, Framed, Network, Server};
use wirework_tests::wirework_async_std::AsyncStd;
use wirework_tests::wirework_smol::Smol;
use wirework_tests::wirework_tokio::Tokio;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many connections are held at a time; with both ends, within the descriptors that a process may have by default.
const CONNECTIONS: usize = 400;

#[test]
fn framed_connections_are_small_and_frames_cost_no_allocation() {
    // What was reached, with some room for what the compiler makes of futures; the aim is 800 on the first two.
    check("smol", &Smol::new(1).unwrap(), 960);
    check("async-std", &AsyncStd::new(1).unwrap(), 980);
    check("tokio", &Tokio::new(1).unwrap(), 1300);
}

/// Fails if an idle connection takes more than `limit` bytes, or if frames make allocations. Some are made per turn, by the runtime
/// for its queues and timers, and how many turns there are depends on the machine; so 10,000 frames may cost a tenth of that.
fn check<N: Network>(name: &str, network: &N, limit: usize) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(network).serve_framed(listener, LengthDelimited::new(), echo);
    let addr = server.local_addr().unwrap().ip().unwrap();

    // The first connection pays for what all of them share.
    let mut warm = TcpStream::connect(addr).unwrap();
    exchange(&mut warm, 100);
    let allocations = made();
    for _ in 0..100 {
        exchange(&mut warm, 100);
    }
    // Those of the client's requests are not the server's.
    let allocations = made() - allocations - 100;

    let before = live();
    let mut connections = connect(addr);
    // The clients' ends take descriptors only, and the list of them.
    let list = CONNECTIONS * size_of::<TcpStream>();
    let each = |live: usize| live.saturating_sub(before + list) / CONNECTIONS;
    let first = each(live());
    for connection in &mut connections {
        exchange(connection, 100);
    }
    let after = each(live());
    println!("{name}: {first} bytes per idle connection, {after} after traffic; {allocations} allocations");
    assert!(
        allocations < 1000,
        "{name}: {allocations} allocations for 10,000 frames"
    );
    assert!(first <= limit, "{name}: {first} bytes per idle connection");
    assert!(
        after <= limit,
        "{name}: {after} bytes per idle connection after traffic"
    );
}

async fn echo<C: Connection>(mut framed: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some((frame, mut out)) = framed.next_ref().await? {
        out.send(frame)?;
    }
    Ok(())
}

/// Connections that the server has accepted: each has had an answer.
fn connect(addr: SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut connection = TcpStream::connect(addr).unwrap();
        exchange(&mut connection, 1);
        connections.push(connection);
    }
    connections
}

/// Sends some frames at once, and waits for the answers.
fn exchange(connection: &mut TcpStream, frames: usize) {
    let (mut request, mut answer) = ([7; 68], [0; 68]);
    request[..4].copy_from_slice(&64_u32.to_be_bytes());
    connection.write_all(&request.repeat(frames)).unwrap();
    for _ in 0..frames {
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(answer, request);
    }
    // The server may still be at work when its answer is there, and then goes to sleep.
    thread::yield_now();
}

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn made() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}
