//! The client: holds the conversation to be compared, then measures.
//!
//! All of it runs on the workers of the client's runtime; the thread that asks for it only waits.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use futures_lite::future::block_on;
use hdrhistogram::Histogram;
use wirework::codec::Lines;
use wirework::time::timeout;
use wirework::{Connection, Framed, Network, Runtime};
use wirework_examples::store::transcript::transcript;

use crate::cpu;
use crate::servers::Door;

/// How long a visit may take beyond its measuring.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the measuring asks for, again and again. The replies are counted, so none can be lost or come twice.
const REQUEST: &str = "ADD visits 1";

/// The clock is read once for so many replies.
const CLOCK_EVERY: u64 = 64;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How long to ask one request at a time.
    alone: Duration,
    /// How long to ask many at a time.
    pipelined: Duration,
    pub(crate) connections: usize,
    /// Requests under way on each connection.
    pub(crate) window: u64,
}

impl Plan {
    /// Measures for `duration` in all.
    pub(crate) fn lasting(duration: Duration) -> Self {
        Self {
            alone: duration / 3,
            pipelined: duration * 2 / 3,
            connections: 4,
            window: 64,
        }
    }
}

/// What a visit has shown.
#[derive(Debug)]
pub(crate) struct Visit {
    /// All bytes of the replies to the script.
    pub(crate) transcript: Vec<u8>,
    /// Of one request at a time, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// Of many requests at a time, each second.
    pub(crate) requests_per_second: f64,
    /// Of many requests at a time: of client and server together.
    pub(crate) cpu_per_request: Option<Duration>,
}

/// Visits a server from `network`.
pub(crate) fn visit<N: Network>(network: &N, door: &Door, plan: Plan) -> anyhow::Result<Visit> {
    let visit = {
        let (network, door) = (network.clone(), door.clone());
        async move {
            let limit = plan.alone + plan.pipelined + PATIENCE;
            timeout(&network, limit, visiting(&network, &door, plan)).await?
        }
    };
    block_on(network.spawn(visit))?
}

async fn visiting<N: Network>(network: &N, door: &Door, plan: Plan) -> anyhow::Result<Visit> {
    let transcript = transcript(door.connect(network).await?)
        .await
        .context("the script failed")?;
    let latency = ask_alone(network, door, plan)
        .await
        .context("one request at a time failed")?;
    let (requests_per_second, cpu_per_request) = ask_pipelined(network, door, plan)
        .await
        .context("many requests at a time failed")?;
    Ok(Visit {
        transcript,
        latency,
        requests_per_second,
        cpu_per_request,
    })
}

/// One request at a time: how long until the reply is there?
async fn ask_alone<N: Network>(network: &N, door: &Door, plan: Plan) -> anyhow::Result<Histogram<u64>> {
    let mut lines = Framed::new(door.connect(network).await?, Lines::new());
    let mut latency = Histogram::new(3)?;
    let mut now = network.now();
    let until = now + plan.alone;
    let mut answered = 0;
    while now < until {
        lines.send(REQUEST).await?;
        answered += 1;
        take_reply(&mut lines, answered).await?;
        let asked = std::mem::replace(&mut now, network.now());
        latency.record(u64::try_from((now - asked).as_nanos())?)?;
    }
    lines.close().await?;
    Ok(latency)
}

/// Many requests at a time: how many are answered, and for how much CPU time?
async fn ask_pipelined<N: Network>(network: &N, door: &Door, plan: Plan) -> anyhow::Result<(f64, Option<Duration>)> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(door.connect(network).await?);
    }
    let (started, cpu_before) = (network.now(), cpu::used());
    let until = started + plan.pipelined;
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|connection| network.spawn(keep_asking(network.clone(), connection, plan.window, until)))
        .collect();
    let mut answered = 0;
    for task in tasks {
        answered += task.await??;
    }
    let elapsed = network.now() - started;
    let cpu = cpu::used()
        .zip(cpu_before)
        .map(|(after, before)| after.saturating_sub(before));
    let count = u32::try_from(answered)?;
    ensure!(count > 0, "no request was answered");
    Ok((f64::from(count) / elapsed.as_secs_f64(), cpu.map(|cpu| cpu / count)))
}

/// Keeps `window` requests under way until the time is up, then waits for the last reply. Says how many there were.
async fn keep_asking<R: Runtime>(
    clock: R,
    connection: Box<dyn Connection>,
    window: u64,
    until: Instant,
) -> anyhow::Result<u64> {
    let mut lines = Framed::new(connection, Lines::new());
    let (mut asked, mut answered, mut in_time) = (0, 0, true);
    while in_time || answered < asked {
        while in_time && asked - answered < window {
            // Leaves with others, when there is no reply to be read.
            lines.send(REQUEST).await?;
            asked += 1;
        }
        answered += 1;
        take_reply(&mut lines, answered).await?;
        if answered % CLOCK_EVERY == 0 {
            in_time = clock.now() < until;
        }
    }
    lines.close().await?;
    Ok(answered)
}

/// Takes a reply, which must be the one to request number `number`.
async fn take_reply<C: Connection>(lines: &mut Framed<C, Lines>, number: u64) -> anyhow::Result<()> {
    let Some((reply, _)) = lines.next_ref().await? else {
        return Err(anyhow!("the server closed before reply {number}"));
    };
    let counted = reply.strip_prefix("VALUE ").and_then(|count| count.parse().ok());
    ensure!(counted == Some(number), "reply {number} is {reply:?}");
    Ok(())
}
