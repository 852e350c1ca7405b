//! Calls a service while that is killed and started again, and shows what becomes of every call.
//!
//! Some calls are marked idempotent: none of them may be lost. The others must not reach the service twice, so they fail when
//! nobody knows whether they have.
//!
//! ```sh
//! cargo run --example client
//! cargo run --example client -- --seconds 30 --kill-every 200 --runtime tokio
//! ```

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use clap::{Args, Parser};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use wirework::codec::Lines;
use wirework::{
    Client, ClientOptions, Connection, Connector, Context, Framed, Network, Pool, PoolOptions, PoolSource,
    ReconnectOptions, ReconnectingClient, RunningServer, Server, time,
};
use wirework_examples::{Example, RuntimeChoice};

/// How often the line of statistics is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// Calls a service while that is killed and started again.
#[derive(Debug, Parser)]
struct CommandLine {
    /// The runtime to run on.
    #[arg(long, value_enum, default_value_t)]
    runtime: RuntimeChoice,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Args)]
struct Load {
    /// How long to call, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// After how many milliseconds the service is killed, each time.
    #[arg(long, default_value_t = 500)]
    kill_every: u64,
    /// How many tasks call.
    #[arg(long, default_value_t = 32)]
    tasks: usize,
    /// How many connections they share.
    #[arg(long, default_value_t = 4)]
    connections: usize,
}

/// What became of the calls.
#[derive(Debug, Default)]
struct Statistics {
    answered: AtomicU64,
    /// Calls that failed because they may have reached the service, and were not marked idempotent.
    unsure: AtomicU64,
    /// Idempotent calls that failed.
    lost: AtomicU64,
    kills: AtomicU64,
    /// How often each call that must come once has reached the service.
    arrivals: Mutex<HashMap<String, u32>>,
}

// Without a log, which would tear the line of statistics apart.
fn main() -> ExitCode {
    wirework_examples::run(|| {
        let command_line: CommandLine = wirework_examples::parse()?;
        command_line.runtime.run(command_line.load)
    })
}

impl Example for Load {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        let statistics = Arc::new(Statistics::default());
        let service = start(&network, ([127, 0, 0, 1], 0).into(), &statistics)?;
        let pool = pool(&network, service.local_addr()?.to_string(), self.connections);
        let stop = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..self.tasks)
            .map(|task| {
                let (pool, statistics, stop) = (pool.clone(), Arc::clone(&statistics), Arc::clone(&stop));
                network.spawn(async move { call(task, &pool, &statistics, &stop).await })
            })
            .collect();

        let service = self.kill_again_and_again(&network, service, &statistics).await?;
        stop.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.await?;
        }
        service.shutdown().await;
        statistics.conclude()
    }
}

impl Load {
    /// Kills the service again and again, for as long as it is to be called. Gives the last one.
    async fn kill_again_and_again<N: Network>(
        &self,
        network: &N,
        mut service: RunningServer,
        statistics: &Arc<Statistics>,
    ) -> anyhow::Result<RunningServer> {
        let addr = service.local_addr()?.ip().expect("the service listens on TCP");
        let end = network.now() + Duration::from_secs(self.seconds);
        let kill_every = Duration::from_millis(self.kill_every);
        let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
        let mut next_kill = network.now() + kill_every;
        while network.now() < end {
            time::sleep(network, REDRAW.min(kill_every)).await;
            line.set_message(statistics.line());
            line.tick();
            if network.now() >= next_kill {
                service.shutdown().await;
                statistics.kills.fetch_add(1, Ordering::SeqCst);
                service = start(network, addr, statistics)?;
                next_kill = network.now() + kill_every;
            }
        }
        line.finish_and_clear();
        Ok(service)
    }
}

/// The service. It says how often a call has come; killed, it lets nobody finish.
fn start<N: Network>(network: &N, addr: SocketAddr, statistics: &Arc<Statistics>) -> io::Result<RunningServer> {
    let statistics = Arc::clone(statistics);
    let listener = network.listen_tcp(addr)?;
    let server = Server::new(network).drain_deadline(Duration::ZERO);
    Ok(server.serve_framed(listener, Lines::new(), move |framed, _: Context| {
        serve(framed, Arc::clone(&statistics))
    }))
}

async fn serve<C: Connection>(mut framed: Framed<C, Lines>, statistics: Arc<Statistics>) -> io::Result<()> {
    while let Some(line) = framed.next().await? {
        let times = statistics.arrived(&line);
        framed.send(times.to_string()).await?;
    }
    Ok(())
}

/// Connections that come back by themselves, of which each caller has one for the time of a call.
fn pool<N: Network>(
    network: &N,
    service: String,
    connections: usize,
) -> Pool<impl PoolSource<Item = ReconnectingClient<String, String>>> {
    let (runtime, connector) = (network.clone(), Connector::new(network));
    let options = ReconnectOptions::new()
        .backoff(Duration::from_millis(5), Duration::from_millis(200))
        .retries(1000, 100);
    let client = move || {
        let (network, connector, service) = (runtime.clone(), connector.clone(), service.clone());
        ReconnectingClient::new(&runtime, options, move || {
            let (network, connector, service) = (network.clone(), connector.clone(), service.clone());
            async move {
                let framed = Framed::new(connector.connect(&service).await?, Lines::new());
                Ok(Client::pipelined(&network, framed, ClientOptions::new()))
            }
        })
    };
    Pool::new(network, PoolOptions::new().max(connections), move || {
        let client = client();
        async move { Ok(client) }
    })
}

/// Calls until it is told to stop: one call that may be repeated, one that must not, and so on.
async fn call<S>(task: usize, pool: &Pool<S>, statistics: &Statistics, stop: &AtomicBool)
where
    S: PoolSource<Item = ReconnectingClient<String, String>>,
{
    for number in (0_u64..).take_while(|_| !stop.load(Ordering::SeqCst)) {
        let Ok(client) = pool.get().await else {
            statistics.lost.fetch_add(1, Ordering::SeqCst);
            continue;
        };
        let repeatable = client.call_idempotent(format!("look {task}/{number}")).await;
        statistics.count(repeatable.is_ok(), &statistics.lost);
        let once = client.call(format!("pay {task}/{number}")).await;
        statistics.count(once.is_ok(), &statistics.unsure);
    }
}

impl Statistics {
    fn count(&self, ok: bool, otherwise: &AtomicU64) {
        let counter = if ok { &self.answered } else { otherwise };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    fn arrived(&self, line: &str) -> u32 {
        if !line.starts_with("pay ") {
            return 1;
        }
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let times = arrivals.entry(line.to_owned()).or_default();
        *times += 1;
        *times
    }

    fn line(&self) -> String {
        let count = |counter: &AtomicU64| HumanCount(counter.load(Ordering::SeqCst));
        format!(
            "{} kills: {} calls answered, {} failed as perhaps sent, {} lost",
            count(&self.kills),
            count(&self.answered),
            count(&self.unsure),
            count(&self.lost),
        )
    }

    /// Says what became of the calls, and whether that is as promised.
    fn conclude(&self) -> anyhow::Result<()> {
        writeln!(io::stdout(), "{}", self.line())?;
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let twice = arrivals.values().filter(|&&times| times > 1).count();
        ensure!(twice == 0, "{twice} calls came twice that must come once");
        let lost = self.lost.load(Ordering::SeqCst);
        ensure!(lost == 0, "{lost} calls were lost that could be repeated");
        Ok(())
    }
}
