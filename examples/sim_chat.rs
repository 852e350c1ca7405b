//! The chat of `wirework_examples::chat`, in a simulated world of partitions, crashes and slow readers, a thousand times over.
//!
//! ```sh
//! cargo run --release --example sim_chat
//! ```
//!
//! The handler is the one that the `chat` example serves to real sockets. A seed is some 50 minutes of six members who talk,
//! lose their connections and come back. Nobody may hear a line twice or out of order, and when all is well again, newcomers
//! can talk.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use wirework::time::{sleep, timeout};
use wirework::{Deadlines, Framed, Network, Runtime, Server, connect};
use wirework_examples::chat;
use wirework_sim::{Check, HostOptions, SimRuntime, Swarm, SweepConfig, Trial, sweep};

const MINUTE: Duration = Duration::from_mins(1);

/// The members that are there from the beginning.
const MEMBERS: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "finn"];

/// The chat under partitions, crashes and slow readers.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds to try.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
}

fn main() {
    let Args { seeds } = Args::parse();
    let hosts = MEMBERS.into_iter().chain(["server"]);
    let swarm = Swarm::new(hosts)
        .within(30 * MINUTE)
        .lasting(10 * MINUTE)
        .max_faults(20);
    let claims = ["a line was heard", "a member came back", "the swarm did something"];
    let config = SweepConfig::new().seeds(seeds).swarm(swarm).claims(claims);
    let (runs, millis) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let start = Instant::now();
    sweep(config, "sim_chat", |trial| async move {
        evening(&trial).await;
        runs.fetch_add(1, Ordering::Relaxed);
        millis.fetch_add(
            u64::try_from(trial.elapsed().as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    });
    let took = start.elapsed().as_secs_f64();
    let per_second = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took;
    println!(
        "{} seeds passed in {took:.1} s: {:.0} seeds/s, {:.0} virtual hours/s",
        runs.load(Ordering::Relaxed),
        per_second(runs.load(Ordering::Relaxed)),
        per_second(millis.load(Ordering::Relaxed) / 1000) / 3600.0,
    );
}

/// One run: everybody talks until the last fault is over, and then others do.
async fn evening(trial: &Trial) {
    trial.host("server").start(|runtime| async move {
        let listener = runtime
            .listen_tcp(([0, 0, 0, 0], 7000).into())
            .expect("the port is free");
        let server = Server::new(&runtime).deadlines(Deadlines::new().idle(10 * MINUTE));
        let _running = server.serve_framed(listener, chat::codec(), chat::Chat::new());
        std::future::pending::<()>().await;
    });
    let mut dice = trial.dice("buffers");
    for name in MEMBERS {
        let options = HostOptions::new().receive_buffer(*dice.pick(&[64 << 10, 4 << 10, 100]));
        let host = trial.host_with(name, options).expect("names differ");
        let check = trial.check();
        host.start(move |runtime| member(runtime, name, check.clone()));
    }
    trial.sleep(30 * MINUTE).await;
    trial.calm().await;
    // Connections that hang in a partition which has healed are found by their deadlines.
    trial.sleep(15 * MINUTE).await;
    let heard = timeout(&trial.host("late").runtime(), 2 * MINUTE, newcomers(trial)).await;
    trial.always(matches!(heard, Ok(Ok(()))), || {
        format!("newcomers cannot talk: {heard:?}")
    });
    trial.sometimes("the swarm did something", !trial.plan().is_empty());
}

/// Comes, talks, and comes back when the connection is lost.
async fn member(runtime: SimRuntime, name: &'static str, check: Check) {
    for visit in 0_u32.. {
        let ended = stay(&runtime, name, &check).await;
        check.sometimes("a member came back", visit > 0 && ended.is_err());
        sleep(&runtime, 5 * Duration::from_secs(1)).await;
    }
}

async fn stay(runtime: &SimRuntime, name: &str, check: &Check) -> io::Result<()> {
    let mut lines = Framed::new(connect(runtime, "server:7000").await?, chat::codec());
    // The server may still hold the seat of the visit before, and whoever was switched off has forgotten that there was one.
    lines.send(format!("{name}-{:08x}", runtime.random_u64() >> 32)).await?;
    let mut last: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0_u32.. {
        let pause = Duration::from_millis(20_000 + runtime.random_u64() % 60_000);
        let until = runtime.now() + pause;
        while let Ok(line) = wirework::time::deadline(runtime, until, lines.next()).await {
            let Some(line) = line? else { return Ok(()) };
            // The server's own lines begin with an asterisk.
            if let Some((who, said)) = line.split_once(": ").filter(|_| !line.starts_with('*')) {
                let said: u32 = said.parse().map_err(io::Error::other)?;
                let before = last.insert(who.to_owned(), said);
                check.always(before.is_none_or(|before| before < said), || {
                    format!("{name} heard {line:?} after {before:?}")
                });
                check.sometimes("a line was heard", true);
            }
        }
        lines.send(number.to_string()).await?;
    }
    Ok(())
}

/// Two who were not there before: one speaks, the other hears it.
async fn newcomers(trial: &Trial) -> io::Result<()> {
    let mut joined = Vec::new();
    for name in ["late", "later"] {
        let runtime = trial.host(name).runtime();
        let mut lines = Framed::new(connect(&runtime, "server:7000").await?, chat::codec());
        lines.send(name).await?;
        while !lines.next().await?.is_some_and(|line| line.starts_with("* welcome")) {}
        joined.push(lines);
    }
    joined[0].send("hello").await?;
    joined[0].flush().await?;
    while joined[1].next().await?.as_deref() != Some("late: hello") {}
    Ok(())
}
