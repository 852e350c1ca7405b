//! What a run tells of its connections: why it cannot go on, what arrived, and whether it was the same as another.

use std::sync::{Arc, Mutex};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework_sim::{Capture, Choices, Config, FailureKind, Latency, Link, Sim};

use crate::pair::{MS, Pair, connect, read};

#[test]
fn an_idle_connection_is_a_deadlock_that_names_it() {
    let mut pair = Pair::new(Config::new());
    let failure = pair.sim.try_run(read(&mut pair.client)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    assert!(failure.report().contains("bytes from 10.0.0.2:80 on #0"), "{failure}");
}

#[test]
fn an_observer_sees_what_arrives() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let capture = Arc::new(Mutex::new(Capture::new()));
    sim.observe(Arc::clone(&capture));
    sim.run(async {
        let (mut a, mut b) = connect(&client, &server).await;
        a.write_all(b"ping").await.unwrap();
        a.close().await.unwrap();
        assert_eq!(read(&mut b).await, Ok(4));
        assert_eq!(read(&mut b).await, Ok(0));
    });
    // The handshake is three packets, then bytes and an end.
    assert!(capture.lock().unwrap().packets() >= 5);
    let bytes = capture.lock().unwrap().bytes().to_vec();
    assert!(bytes.windows(4).any(|window| window == b"ping"));
}

#[test]
fn the_same_choices_give_the_same_run() {
    let run = |seed| {
        let link = Link::new().latency(Latency::Uniform(MS, 9 * MS)).loss(50_000).mtu(200);
        let mut pair = Pair::new(Config::new().choices(Choices::seeded(seed)).link(link));
        let sim = pair.sim.clone();
        sim.run(async {
            pair.client.write_all(&[1; 5000]).await.unwrap();
            pair.client.close().await.unwrap();
            let mut received = Vec::new();
            pair.server.read_to_end(&mut received).await.unwrap();
        });
        (sim.trace_hash(), sim.elapsed())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
