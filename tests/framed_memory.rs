//! What a framed connection of a server allocates: how much while it is idle, and for a frame nothing. Counted in the whole process,
//! so there is but one test.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::alloc::System;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_lite::future::block_on;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use wirework::codec::LengthDelimited;
use wirework::{Connection, Context, Framed, Handler, Network, Server};
use wirework_tests::wirework_async_std::AsyncStd;
use wirework_tests::wirework_smol::Smol;
use wirework_tests::wirework_tokio::Tokio;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many connections are held at a time; with both ends, within the descriptors that a process may have by default.
const CONNECTIONS: usize = 400;

/// What was allocated while handlers were polled.
static IN_HANDLERS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn framed_connections_are_small_and_frames_cost_no_allocation() {
    // What was reached by handlers that borrow their frames and by those that take them, with some room for what the compiler makes
    // of futures. The latter find the tables of the runtime as large as the former have made them.
    check("smol", &Smol::new(1).unwrap(), [720, 740]);
    check("async-std", &AsyncStd::new(1).unwrap(), [750, 780]);
    check("tokio", &Tokio::new(1).unwrap(), [960, 1090]);
}

/// Fails if frames make allocations, or if an idle connection takes more than these bytes.
fn check<N: Network>(name: &str, network: &N, limits: [usize; 2]) {
    // Short frames in batches, and those of each other kind one by one: copied, and with the memory that they were read into.
    for (batch, size) in [(100, 64), (1, 64), (1, 1000), (1, 3000), (1, 65_536)] {
        let made = least_of(name, network, batch, size, borrowed);
        assert_eq!(made, 0, "{name}: allocations for {size}-byte borrowed frames");
        let made = least_of(name, network, batch, size, owned);
        assert_eq!(made, 0, "{name}: allocations for {size}-byte owned frames");
    }
    hold(name, network, borrowed, limits[0]);
    hold(name, network, owned, limits[1]);
}

/// Fails if an idle connection takes more than `limit` bytes, before traffic or after.
fn hold<N: Network, H>(name: &str, network: &N, handler: H, limit: usize)
where
    H: Handler<Framed<N::TcpStream, LengthDelimited>>,
{
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(network).serve_framed(listener, LengthDelimited::new(), handler);
    let addr = server.local_addr().unwrap().ip().unwrap();
    // The first connection pays for what all of them share.
    let mut batch = Batch::new(100, 64);
    batch.exchange(&mut TcpStream::connect(addr).unwrap());

    let before = live();
    let mut connections = connect(addr);
    // The clients' ends take descriptors only, and the list of them.
    let list = CONNECTIONS * size_of::<TcpStream>();
    let each = |live: usize| live.saturating_sub(before + list) / CONNECTIONS;
    let first = each(live());
    for connection in &mut connections {
        batch.exchange(connection);
    }
    let after = each(live());
    println!("{name}: {first} bytes per idle connection, {after} after traffic");
    assert!(first <= limit, "{name}: {first} bytes per idle connection");
    assert!(
        after <= limit,
        "{name}: {after} bytes per idle connection after traffic"
    );
    drop(connections);
    block_on(server.shutdown());
    settle();
}

/// Waits until what was held is given back: what is freed later would be taken for the next server's.
fn settle() {
    let mut last = usize::MAX;
    while last != live() {
        last = live();
        for _ in 0..1000 {
            thread::yield_now();
        }
    }
}

/// How many allocations are made by a handler of ten batches of frames, when nothing disturbs it: another thread may allocate at the
/// same moment, and a batch may come in two pieces. What the runtime makes besides, for its queues and timers, is per turn.
fn least_of<N: Network, H>(name: &str, network: &N, batch: usize, size: u32, handler: H) -> usize
where
    H: Handler<Framed<N::TcpStream, LengthDelimited>>,
{
    let handler = Counting(handler);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(network).serve_framed(listener, LengthDelimited::new(), handler);
    let mut connection = TcpStream::connect(server.local_addr().unwrap().ip().unwrap()).unwrap();
    let mut exchanged = Batch::new(batch, size);
    exchanged.exchange(&mut connection);
    let mut least = usize::MAX;
    for tries in 1..=1000 {
        let before = IN_HANDLERS.load(Ordering::SeqCst);
        for _ in 0..10 {
            exchanged.exchange(&mut connection);
        }
        least = least.min(IN_HANDLERS.load(Ordering::SeqCst) - before);
        if least == 0 {
            println!("{name}: none for ten times {batch} frames of {size} bytes, in try {tries}");
            break;
        }
    }
    least
}

/// Counts what is allocated while a handler is polled.
struct Counting<H>(H);

impl<C: Send, H: Handler<C>> Handler<C> for Counting<H> {
    type Error = H::Error;

    async fn handle(&self, connection: C, cx: Context) -> Result<(), H::Error> {
        let mut handling = pin!(self.0.handle(connection, cx));
        poll_fn(|cx| {
            let before = made();
            let poll = handling.as_mut().poll(cx);
            IN_HANDLERS.fetch_add(made() - before, Ordering::SeqCst);
            poll
        })
        .await
    }
}

async fn borrowed<C: Connection>(mut framed: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some((frame, mut out)) = framed.next_ref().await? {
        out.send(frame)?;
    }
    Ok(())
}

async fn owned<C: Connection>(mut framed: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some(frame) = framed.next().await? {
        framed.send(frame).await?;
    }
    Ok(())
}

/// Connections that the server has accepted: each has had an answer.
fn connect(addr: SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    let mut frame = Batch::new(1, 64);
    for _ in 0..CONNECTIONS {
        let mut connection = TcpStream::connect(addr).unwrap();
        frame.exchange(&mut connection);
        connections.push(connection);
    }
    connections
}

/// Frames to be sent at once, and room for the answers: made once, for the server may be at work whenever the client allocates.
struct Batch {
    frames: Vec<u8>,
    answers: Vec<u8>,
}

impl Batch {
    fn new(frames: usize, size: u32) -> Self {
        let frame = [&size.to_be_bytes()[..], &vec![7; size as usize]].concat();
        let frames = frame.repeat(frames);
        let answers = vec![0; frames.len()];
        Self { frames, answers }
    }

    /// Sends the frames, and waits for the answers.
    fn exchange(&mut self, connection: &mut TcpStream) {
        connection.write_all(&self.frames).unwrap();
        connection.read_exact(&mut self.answers).unwrap();
        assert!(self.answers == self.frames, "an echo is what was sent");
        // The server may still be at work when its answer is there, and then goes to sleep.
        thread::yield_now();
    }
}

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn made() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}
