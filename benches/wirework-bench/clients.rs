//! Compares clients of Redis by the CPU time that they spend on a call.
//!
//! Many callers share one connection to one `redis-server`, and each asks for a small value again and again. The limit is a
//! hand-written loop that sends as many requests as there would be callers, reads as many replies, and begins again. As in a
//! comparison of servers, all take turns in each round, and only ratios within a round are compared.

mod by_hand;
mod ours;
mod redis_rs;
mod server;

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use wirework_async_std::AsyncStd;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

use self::by_hand::ByHand;
use self::ours::Ours;
use self::redis_rs::RedisRs;
use self::server::Server;
use crate::compare::spread::{median, spread};
use crate::cpu;
use crate::report;

/// As in a comparison of servers: a turn is calm if nothing else ran on its cores for more than this part of it,
const MOST_ELSEWHERE: f64 = 0.10;

/// and one that is not is repeated this often, after a pause.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// Before each turn, for so long.
const WARM_UP: Duration = Duration::from_millis(50);

/// The arguments of `clients`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many callers share the connection.
    #[arg(long, value_delimiter = ',', default_value = "1,16,128")]
    callers: Vec<usize>,
    /// How often each client gets its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn is, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 250)]
    window: u64,
    /// Keep measurements during which the machine was busy with something else.
    #[arg(long)]
    accept_busy: bool,
}

/// Someone who makes calls.
trait Caller {
    fn name(&self) -> &'static str;
    /// Makes calls for so long, that many at a time. Gives how many were answered.
    fn run(&mut self, callers: usize, window: Duration) -> Result<u64>;
}

/// What came of one turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// CPU time of the client per call, in nanoseconds.
    cpu_ns: f64,
    calls_per_second: f64,
}

/// Compares, and prints a table for each number of callers.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    ensure!(args.window >= 50, "--window must be at least 50 ms");
    ensure!(!args.callers.contains(&0), "--callers must be at least 1");
    let cores = cpu::cores();
    ensure!(
        cores > 1,
        "a comparison needs a core for the server and one for the client"
    );
    let cores = [0, cores - 1];
    cpu::pin(&cores[..1])?;
    let server = Server::start()?;
    cpu::pin(&cores[1..])?;
    let mut clients: Vec<Box<dyn Caller>> = vec![
        Box::new(ByHand::connect(server.addr())?),
        Box::new(Ours::<Smol>::connect(server.addr())?),
        Box::new(Ours::<AsyncStd>::connect(server.addr())?),
        Box::new(Ours::<Tokio>::connect(server.addr())?),
        Box::new(RedisRs::connect(server.addr())?),
    ];
    let comparison = Comparison { args, server, cores };
    for &callers in &args.callers {
        comparison.compare(&mut clients, callers)?;
    }
    Ok(())
}

struct Comparison<'a> {
    args: &'a Args,
    server: Server,
    /// The server's and the client's.
    cores: [usize; 2],
}

impl Comparison<'_> {
    fn compare(&self, clients: &mut [Box<dyn Caller>], callers: usize) -> Result<()> {
        let mut turns = vec![Vec::new(); clients.len()];
        for round in 0..self.args.rounds {
            let Some(limit) = self.calm_turn(&mut *clients[0], callers)? else {
                continue;
            };
            turns[0].push((limit, 1.0));
            // Each time beginning with another one.
            for place in 0..clients.len() - 1 {
                let client = 1 + (round + place) % (clients.len() - 1);
                if let Some(turn) = self.calm_turn(&mut *clients[client], callers)? {
                    turns[client].push((turn, turn.cpu_ns / limit.cpu_ns));
                }
            }
        }
        let plural = if callers == 1 { "" } else { "s" };
        println!(
            "\n{callers} caller{plural}, {} rounds of {} ms:\n",
            self.args.rounds, self.args.window
        );
        println!("| client | CPU of a call, ns | over that of the loop | calls/s | rounds |");
        println!("|---|---|---|---|---|");
        for (client, turns) in clients.iter().zip(&turns) {
            let of = |field: fn(&Turn) -> f64| median(turns.iter().map(|(turn, _)| field(turn)));
            let ratios: Vec<_> = turns.iter().map(|(_, ratio)| *ratio).collect();
            println!(
                "| {} | {:.0} | {} | {:.0} | {} |",
                client.name(),
                of(|turn| turn.cpu_ns),
                report::ratio(spread(&ratios)),
                of(|turn| turn.calls_per_second),
                turns.len(),
            );
        }
        Ok(())
    }

    /// Measures until nothing disturbs it, within reason.
    fn calm_turn(&self, client: &mut dyn Caller, callers: usize) -> Result<Option<Turn>> {
        for _ in 0..ATTEMPTS {
            client.run(callers, WARM_UP)?;
            let (turn, elsewhere) = self.turn(client, callers)?;
            if self.args.accept_busy || elsewhere <= MOST_ELSEWHERE {
                return Ok(Some(turn));
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }

    /// One turn, and for which part of it something else ran.
    fn turn(&self, client: &mut dyn Caller, callers: usize) -> Result<(Turn, f64)> {
        let used = || Ok::<_, anyhow::Error>((cpu::time(process::id())?, cpu::time(self.server.process())?));
        let (busy, (client_before, server_before), begun) = (cpu::busy(&self.cores)?, used()?, Instant::now());
        let calls = client.run(callers, Duration::from_millis(self.args.window))? as f64;
        let ((client_after, server_after), elapsed) = (used()?, begun.elapsed());
        let of_client = client_after.saturating_sub(client_before);
        let of_server = server_after.saturating_sub(server_before);
        let elsewhere = cpu::busy(&self.cores)?.saturating_sub(busy + of_client + of_server);
        let turn = Turn {
            cpu_ns: of_client.as_secs_f64() * 1e9 / calls,
            calls_per_second: calls / elapsed.as_secs_f64(),
        };
        Ok((turn, elsewhere.as_secs_f64() / elapsed.as_secs_f64()))
    }
}
