//! The same scenarios, driven by others than seeds: by proptest, which makes what fails smaller, and by the bytes of a fuzzer.

use std::time::Duration;
use wirework::codec::Frame;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use wirework::Framed;
use wirework::time::sleep;
use wirework::{Runtime, Server, Task};
use wirework_sim::{Choices, Config, Family, Policy, Swarm, SweepConfig, Trial, run_trial};

use crate::lab::{self, MS, SEC, codec};

/// Proptest with the same cases each time, and without the files that it keeps of failures beside the source.
fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn config() -> SweepConfig {
    let world = Config::new().policy(Policy::Random).spurious_polls(50_000);
    let families = [Family::Partition, Family::Clog, Family::Pause, Family::SlowReader];
    let swarm = Swarm::new(["client", "server"]).families(families);
    SweepConfig::new()
        .world(world)
        .swarm(swarm.within(10 * SEC).lasting(20 * SEC))
        .leak_check(3_600 * SEC)
}

/// Frames there and back over the roughest of links, under faults that lose nothing for good.
async fn every_frame_comes_back(trial: Trial) {
    let (client, server) = lab::rough_pair(&trial);
    let running = lab::echo_server(&server, lab::patient(&server));
    let frames = lab::frames(&mut trial.dice("frames"), 20);
    let stream = wirework::connect(&client, &format!("server:{}", lab::PORT)).await;
    let Ok(stream) = stream else { return };
    let (mut reader, mut writer) = Framed::new(stream, codec()).split();
    let to_send = frames.clone();
    let sending = client.spawn(async move {
        for frame in to_send {
            writer.send(frame).await?;
        }
        writer.close().await
    });
    let mut got: Vec<Frame> = Vec::new();
    while let Ok(Some(frame)) = reader.next().await {
        got.push(frame);
    }
    trial.always(frames.starts_with(&got), || {
        format!("{} frames, and not those that were sent", got.len())
    });
    if sending.await.unwrap().is_ok() {
        trial.equal("frames", &got.len(), &frames.len());
    }
    drop((reader, running));
}

/// A bug that shows only when two things come together: a server that was paused, and a certain frame after it.
async fn a_planted_bug(trial: Trial) {
    let (client, server) = lab::rough_pair(&trial);
    let mut dice = trial.dice("frames");
    let clock = server.clone();
    let ticking = server.spawn(async move {
        let mut stood_still = false;
        for _ in 0..300 {
            let before = clock.now();
            sleep(&clock, 100 * MS).await;
            stood_still |= clock.now() - before > 200 * MS;
            if stood_still && dice.below(10) == 9 {
                return true;
            }
        }
        false
    });
    sleep(&client, SEC).await;
    let broke = ticking.await.unwrap();
    trial.always(!broke, || "a planted bug".into());
}

#[test]
fn proptest_drives_a_scenario() {
    let outcome = runner(32).run(&any::<Choices>(), |choices| {
        run_trial(&config(), choices, every_frame_comes_back)
            .map(drop)
            .map_err(|failure| TestCaseError::fail(failure.to_string()))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn proptest_leaves_the_choices_that_matter() {
    let fails = |choices: Choices| run_trial(&config(), choices, a_planted_bug).err();
    let outcome = runner(200).run(&any::<Choices>(), |choices| match fails(choices) {
        None => Ok(()),
        Some(failure) => Err(TestCaseError::fail(failure.to_string())),
    });
    let Err(TestError::Fail(reason, choices)) = outcome else {
        panic!("it was not found: {outcome:?}");
    };
    assert!(reason.message().contains("a planted bug"), "{reason}");
    // What is left fails by itself, and is what it takes: a fault of the swarm, its kind, host and length, and one frame.
    let (choices, recorder) = choices.recording();
    let failure = fails(choices).expect("what proptest leaves has to fail");
    let left = recorder.take();
    assert_eq!(failure.plan().events().len(), 1, "{failure}");
    assert!(failure.plan().to_line().contains("pause server"), "{failure}");
    assert!(left.len() <= 8, "{left:?}");
    assert_eq!(
        left.iter().filter(|choice| choice.name == "frames").count(),
        1,
        "{left:?}"
    );
}

#[test]
fn bytes_drive_a_scenario() {
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..40 {
        // A fuzzer begins with nothing, and ends with what looks like this.
        let mut dice = Choices::seeded(seed).at("input", &[]);
        let length = dice.index(3_000);
        let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        let run = || {
            let passed = run_trial(&config(), Choices::from_bytes(&bytes), every_frame_comes_back);
            passed
                .unwrap_or_else(|failure| panic!("{failure}\n{bytes:?}"))
                .trace_hash()
        };
        let hash = run();
        assert_eq!(run(), hash, "the same bytes are the same run");
        hashes.insert(hash);
    }
    assert!(
        hashes.len() > 35,
        "other bytes are other runs, but there were only {}",
        hashes.len()
    );
    let nothing = run_trial(&config(), Choices::from_bytes(b""), every_frame_comes_back).unwrap();
    assert!(
        nothing.elapsed() < SEC,
        "without bytes nothing goes wrong, and it takes no time"
    );
}

#[test]
fn bytes_find_a_planted_bug() {
    let found = (0..500).find_map(|seed| {
        let mut dice = Choices::seeded(seed).at("input", &[]);
        let bytes: Vec<u8> = (0..500).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        let failure = run_trial(&config(), Choices::from_bytes(&bytes), a_planted_bug).err()?;
        Some((bytes, failure))
    });
    let (bytes, failure) = found.expect("500 inputs are enough to find it");
    let text = failure.to_string();
    assert!(
        text.contains("a planted bug") && text.contains("pause server"),
        "{text}"
    );
    assert!(text.lines().count() <= 20, "{text}");
    let again = run_trial(&config(), Choices::from_bytes(&bytes), a_planted_bug).unwrap_err();
    assert_eq!(again.to_string(), text);
}

#[test]
fn what_is_left_behind_is_named() {
    let leaks = |trial: Trial| async move {
        let server = trial.host("server").runtime();
        std::mem::forget(lab::echo_server(&server, Server::new(&server)));
    };
    let failure = run_trial(&SweepConfig::new().leak_check(SEC), Choices::seeded(1), leaks).unwrap_err();
    let text = failure.to_string();
    assert!(
        text.contains("1 sockets") && text.contains("server's task from"),
        "{text}"
    );
    // And a second is enough for what does end.
    let ends = |trial: Trial| async move {
        let server = trial.host("server").runtime();
        server.spawn(sleep(&server, Duration::from_millis(900))).detach();
    };
    run_trial(&SweepConfig::new().leak_check(SEC), Choices::seeded(1), ends).unwrap();
    let failure = run_trial(&SweepConfig::new().leak_check(SEC / 2), Choices::seeded(1), ends).unwrap_err();
    assert!(
        failure
            .reason()
            .starts_with("1 tasks, 0 sockets, 1 timers are left 500ms after the end"),
        "{failure}"
    );
}

#[test]
fn a_fault_under_way_at_the_end_is_no_leak() {
    let stops = |trial: Trial| async move {
        let server = trial.host("server");
        let runtime = server.runtime();
        runtime.spawn(sleep(&runtime, 100 * MS)).detach();
        server.pause();
    };
    run_trial(&SweepConfig::new().leak_check(SEC), Choices::seeded(1), stops).unwrap();
}
