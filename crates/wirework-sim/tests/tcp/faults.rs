//! What a network that carries nothing does to connections, and how they come back.

use std::io::ErrorKind;
use std::time::Duration;

use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Listener, Network, Runtime, Task};
use wirework_sim::{Config, Link, Sim};

use crate::pair::{MS, Pair, SECOND, read};

#[test]
fn a_partition_stalls_and_heals_at_the_next_attempt() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.partition(&pair.client_host, &pair.server_host);
        let start = sim.elapsed();
        pair.client.write_all(b"late").await.unwrap();
        sim.sleep(SECOND).await;
        sim.heal(&pair.client_host, &pair.server_host);
        assert_eq!(read(&mut pair.server).await, Ok(4));
        // Sent again after 0.2, 0.6 and 1.4 seconds.
        assert_eq!(sim.elapsed() - start, Duration::from_millis(1401));
    });
}

#[test]
fn a_partition_that_stays_times_out_after_a_quarter_of_an_hour() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.partition(&pair.client_host, &pair.server_host);
        let start = sim.elapsed();
        pair.client.write_all(b"lost").await.unwrap();
        assert_eq!(read(&mut pair.client).await, Err(ErrorKind::TimedOut));
        assert_eq!(sim.elapsed() - start, Duration::from_millis(924_600));
    });
}

#[test]
fn without_acknowledgements_data_arrives_once() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.partition_one_way(&pair.server_host, &pair.client_host);
        pair.client.write_all(b"once").await.unwrap();
        assert_eq!(read(&mut pair.server).await, Ok(4));
        pair.client.write_all(b"more").await.unwrap();
        sim.sleep(10 * SECOND).await;
        assert!(poll_once(read(&mut pair.server)).await.is_none());
        sim.heal(&pair.client_host, &pair.server_host);
        assert_eq!(read(&mut pair.server).await, Ok(4));
    });
}

#[test]
fn a_clog_holds_everything_and_loses_nothing() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.clog(&pair.client_host, &pair.server_host);
        for _ in 0..10 {
            pair.client.write_all(b"0123456789").await.unwrap();
            sim.sleep(SECOND).await;
        }
        assert!(poll_once(read(&mut pair.server)).await.is_none());
        sim.unclog(&pair.client_host, &pair.server_host);
        let mut received = [0; 100];
        pair.server.read_exact(&mut received).await.unwrap();
        assert_eq!(&received[..20], b"01234567890123456789");
    });
}

#[test]
fn after_quiesce_everything_works_again() {
    let sim = Sim::new(Config::new().link(Link::new().loss(300_000)));
    let (client, server) = (sim.host("client"), sim.host("server"));
    server.start(|runtime| async move {
        let mut listener = runtime.listen_tcp(([0, 0, 0, 0], 80).into()).unwrap();
        while let Ok(mut connection) = listener.accept().await {
            let echo = async move {
                let mut buf = [0; 4];
                while connection.read_exact(&mut buf).await.is_ok() && connection.write_all(&buf).await.is_ok() {}
            };
            runtime.spawn(echo).detach();
        }
    });
    let runtime = client.runtime();
    sim.run(async {
        sim.sleep(SECOND).await;
        sim.isolate(&client);
        sim.clog(&server, &client);
        server.power_off();
        sim.sleep(SECOND).await;
        sim.quiesce();
        sim.sleep(MS).await;
        let start = sim.elapsed();
        let mut connection = runtime.connect_tcp(server.addr(80)).await.unwrap();
        connection.write_all(b"ping").await.unwrap();
        connection.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(sim.elapsed() - start, 4 * MS);
    });
}
