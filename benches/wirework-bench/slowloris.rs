//! Many clients that send a byte a second, and one that means it: are the many cut, and does the one notice?

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use crate::child::{Server, Spec, name};
use crate::protocol::Protocol;
use crate::serve::{Deadlines, Runtime};

/// How long a slow client waits between two bytes.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the normal client waits between two requests.
const THINK: Duration = Duration::from_millis(1);

/// How much longer than the grace of the minimum rate (10 s) it may take until the last is cut.
const PATIENCE: Duration = Duration::from_secs(30);

/// The slowest that 99 % of the normal client's replies may be.
const ACCEPTABLE: Duration = Duration::from_millis(50);

/// The arguments of `slowloris`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to run on.
    #[arg(long, required = true, value_delimiter = ',')]
    runtime: Vec<Runtime>,
    /// How many slow clients there are.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// How many threads serve connections.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// Attacks each server, with the deadlines that every server has, and says what came of it.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.clients > 0, "--clients must be at least 1");
    for &runtime in &args.runtime {
        attack(args, runtime).with_context(|| name(&runtime))?;
    }
    Ok(())
}

fn attack(args: &Args, runtime: Runtime) -> Result<()> {
    let server = Server::start(Spec {
        runtime,
        protocol: Protocol::Lines,
        deadlines: Deadlines::Default,
        threads: args.threads,
        cores: &[],
        counted: false,
        program: None,
    })?;
    let mut slow = connect(server.addr, args.clients)?;
    let over = Arc::new(AtomicBool::new(false));
    let normal = {
        let (addr, over) = (server.addr, Arc::clone(&over));
        thread::spawn(move || ask(addr, &over))
    };
    let cut = trickle(&mut slow);
    over.store(true, Ordering::SeqCst);
    let latency = normal.join().expect("the normal client does not panic")?;
    let cut = cut?;
    let at = |quantile| Duration::from_nanos(latency.value_at_quantile(quantile));
    println!(
        "{}: {} slow clients cut, from {:.1} s to {:.1} s; normal client: {} replies, p50 {:?}, p99 {:?}, slowest {:?}",
        name(&runtime),
        cut.len(),
        cut.iter().min().map_or(0.0, Duration::as_secs_f64),
        cut.iter().max().map_or(0.0, Duration::as_secs_f64),
        latency.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
    ensure!(
        at(0.99) < ACCEPTABLE,
        "1 % of the replies took longer than {ACCEPTABLE:?}"
    );
    Ok(())
}

fn connect(addr: SocketAddr, clients: usize) -> Result<Vec<TcpStream>> {
    let connect = |_| {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    };
    let streams: Result<_> = (0..clients).map(connect).collect();
    streams.context("cannot connect so often; see ulimit -n")
}

/// Sends a byte on each stream every second, spread evenly, until all are cut. Says when each was.
fn trickle(streams: &mut Vec<TcpStream>) -> Result<Vec<Duration>> {
    let begun = Instant::now();
    let mut cut = Vec::new();
    let mut round = begun;
    while !streams.is_empty() {
        let step = PAUSE / u32::try_from(streams.len())?;
        let mut left = Vec::new();
        for (number, mut stream) in streams.drain(..).enumerate() {
            let due = round + step * u32::try_from(number)?;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if is_open(&mut stream)? {
                left.push(stream);
            } else {
                cut.push(begun.elapsed());
            }
        }
        *streams = left;
        round += PAUSE;
        let open = streams.len();
        ensure!(
            begun.elapsed() < PATIENCE,
            "{open} slow clients are still served after {PATIENCE:?}"
        );
    }
    Ok(cut)
}

/// Sends the next byte of a line without an end, unless the server has closed.
fn is_open(stream: &mut TcpStream) -> Result<bool> {
    match stream.read(&mut [0]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Ok(0) | Err(_) => return Ok(false),
        Ok(_) => anyhow::bail!("the server has answered half a line"),
    }
    Ok(stream.write(b"x").is_ok())
}

/// Asks again and again, and says how long the replies took, in nanoseconds.
fn ask(addr: SocketAddr, over: &AtomicBool) -> Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    let mut stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = Protocol::Lines.request(64, 0);
    let mut reply = vec![0; request.len()];
    while !over.load(Ordering::SeqCst) {
        let sent = Instant::now();
        stream.write_all(&request)?;
        stream
            .read_exact(&mut reply)
            .context("the normal client was not answered")?;
        latency.record(u64::try_from(sent.elapsed().as_nanos())?)?;
        ensure!(reply == request, "the normal client got a wrong reply");
        thread::sleep(THINK);
    }
    Ok(latency)
}
