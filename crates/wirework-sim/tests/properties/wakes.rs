//! Wake-ups that mean nothing, and wakers that no longer are the right ones.

use std::time::Duration;
use wirework::codec::Frame;

use wirework::{Framed, Runtime};
use wirework_sim::{Config, HazardKind, Policy, SweepConfig, Trial, sweep};

use crate::lab::{self, codec};

/// How long a call may take: days, for on the roughest links a byte takes a second.
const PATIENCE: Duration = Duration::from_hours(24 * 10);

fn world() -> Config {
    Config::new().time_limit(3 * PATIENCE)
}

/// Every kind of operation at once, and what became of it.
async fn everything(trial: Trial) {
    let (client, server) = lab::rough_pair(&trial);
    let running = lab::echo_server(&server, lab::patient(&server));
    let echo = lab::dial(&client, "server").await.unwrap();
    let frames = lab::frames(&mut trial.dice("frames"), 30);
    let callers = frames.iter().cloned().map(|frame| {
        let echo = echo.clone();
        client.spawn(async move {
            echo.call(frame.clone())
                .within(PATIENCE)
                .await
                .map(|answer| answer == frame)
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        let answer = caller.await.unwrap();
        trial.always(matches!(answer, Ok(true)), || format!("a call: {answer:?}"));
    }
    // One after the other: each finds the client's task waiting, by a waker that is not its first.
    for number in 0..10 {
        let answer = echo.call(lab::number(number)).within(PATIENCE).await;
        trial.always(answer.as_ref().ok() == Some(&lab::number(number)), || {
            format!("a later call: {answer:?}")
        });
    }
    let stream = wirework::connect(&client, &format!("server:{}", lab::PORT))
        .await
        .unwrap();
    let (mut reader, mut writer) = Framed::new(stream, codec()).split();
    let to_send = frames.clone();
    let sending = client.spawn(async move {
        for frame in to_send {
            writer.send(frame).await.unwrap();
        }
        writer.close().await.unwrap();
    });
    let mut got: Vec<Frame> = Vec::new();
    while let Some(frame) = reader.next().await.unwrap() {
        got.push(frame);
    }
    sending.await.unwrap();
    trial.equal("frames", &got, &frames);
    drop(reader);
    // The client's connection is idle, and ends by the signal that the server goes.
    let report = running.shutdown().await;
    trial.equal("connections that ended well", &report.completed, &2);
    drop(echo);
    let orphans: Vec<_> = trial
        .hazards()
        .into_iter()
        .filter(|hazard| hazard.kind == HazardKind::Orphaned)
        .collect();
    trial.always(orphans.is_empty(), || format!("nobody could wake a task: {orphans:?}"));
}

#[test]
fn spurious_wakes_change_nothing() {
    let config = SweepConfig::new().world(world().spurious_polls(300_000));
    sweep(config, "spurious wakes change nothing", everything);
}

#[test]
fn the_last_waker_counts() {
    let config = SweepConfig::new().world(world().fresh_wakers(true));
    sweep(config, "the last waker counts", everything);
}

#[test]
fn both_at_once_in_any_order() {
    let world = world()
        .fresh_wakers(true)
        .spurious_polls(100_000)
        .policy(Policy::Random);
    sweep(
        SweepConfig::new().world(world),
        "stale wakers, spurious wakes, and any order",
        everything,
    );
}
