//! How fast the simulator is: virtual time and frames per second of real time, on one thread.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use wirework::codec::{LengthDelimited, Lines};
use wirework::time::sleep;
use wirework::{Framed, Network, Runtime, Server, Task, connect};
use wirework_examples::chat::{Chat, codec};
use wirework_sim::{Choices, Config, Sim, SimRuntime};

/// How many members the chat has.
const MEMBERS: usize = 10;

/// How long each of them is silent between two lines.
const PAUSE: Duration = Duration::from_mins(1);

/// Frames under way at a time, and bytes in each.
const FRAMES: (u64, usize) = (1_000, 64);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds of each row, of which the median is printed.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Virtual hours that a round of the chat lasts.
    #[arg(long, default_value_t = 200)]
    hours: u32,
    /// Frames that are sent and echoed in a round, in thousands.
    #[arg(long, default_value_t = 1_000)]
    kiloframes: u64,
}

/// Measures and prints both rows.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    let chat = median(args.rounds, || quiet_chat(args.hours))?;
    println!("quiet chat of {MEMBERS}, a line each a minute: {chat:>12.0} virtual seconds per second");
    let echo = median(args.rounds, || echo(args.kiloframes * 1_000))?;
    println!(
        "echo of {} bytes, {} deep:           {echo:>12.0} frames per second",
        FRAMES.1, FRAMES.0
    );
    Ok(())
}

fn median(rounds: usize, mut round: impl FnMut() -> Result<f64>) -> Result<f64> {
    let mut results = (0..rounds).map(|_| round()).collect::<Result<Vec<f64>>>()?;
    results.sort_by(f64::total_cmp);
    Ok(results[rounds / 2])
}

/// The chat example's handler and ten members, who say something every minute. Virtual seconds per second.
fn quiet_chat(hours: u32) -> Result<f64> {
    let sim = Sim::new(Config::new().choices(Choices::seeded(1)).time_limit(Duration::MAX));
    let server = sim.host("server").runtime();
    let listener = server.listen_tcp(([0, 0, 0, 0], 7000).into())?;
    let _running = Server::new(&server).serve_framed(listener, codec(), Chat::new());
    for number in 0..MEMBERS {
        let runtime = sim.host(&format!("member-{number}")).runtime();
        runtime.clone().spawn(member(runtime, number)).detach();
    }
    let time = Duration::from_hours(u64::from(hours));
    let start = Instant::now();
    sim.run(sim.sleep(time));
    Ok(time.as_secs_f64() / start.elapsed().as_secs_f64())
}

async fn member(runtime: SimRuntime, number: usize) -> Result<()> {
    let mut lines: Framed<_, Lines> = Framed::new(connect(&runtime, "server:7000").await?, codec());
    lines.send(format!("member-{number}")).await?;
    let mut next = runtime.now();
    loop {
        next += PAUSE;
        while let Ok(line) = wirework::time::deadline(&runtime, next, lines.next()).await {
            line?.context("the server has closed the connection")?;
        }
        lines.send("still here").await?;
    }
}

/// A client that keeps many frames under way to a server that echoes them. Frames per second, there and back counted once.
fn echo(frames: u64) -> Result<f64> {
    let sim = Sim::new(Config::new().choices(Choices::seeded(1)));
    let server = sim.host("server").runtime();
    let listener = server.listen_tcp(([0, 0, 0, 0], 7000).into())?;
    let handler = |mut framed: Framed<_, LengthDelimited>, _| async move {
        while let Some((frame, mut out)) = framed.next_ref().await? {
            out.send(frame)?;
        }
        std::io::Result::Ok(())
    };
    let _running = Server::new(&server).serve_framed(listener, LengthDelimited::new(), handler);
    let client = sim.host("client").runtime();
    let start = Instant::now();
    sim.run(async {
        let mut framed = Framed::new(connect(&client, "server:7000").await?, LengthDelimited::new());
        let frame = Bytes::from(vec![7; FRAMES.1]);
        for _ in 0..FRAMES.0 {
            framed.send(&frame[..]).await?;
        }
        for number in 0..frames {
            framed
                .next_ref()
                .await?
                .context("the server has closed the connection")?;
            if number + FRAMES.0 < frames {
                framed.send(&frame[..]).await?;
            }
        }
        // A moment for the last acknowledgements, as a program would have.
        sleep(&client, Duration::from_millis(1)).await;
        anyhow::Ok(())
    })?;
    Ok(frames as f64 / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rows_are_measured() {
        assert!(quiet_chat(1).unwrap() > 0.0);
        assert!(echo(2_000).unwrap() > 0.0);
    }
}
