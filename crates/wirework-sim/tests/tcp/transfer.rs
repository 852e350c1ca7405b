//! What a connection carries: everything, in its order, and no faster than the link and the reader allow.

use futures_lite::future::zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::Split;
use wirework_sim::{Choices, Config, HostOptions, Latency, Link, SimStream};

use crate::pair::{MS, Pair, SECOND};

#[test]
fn bandwidth_is_shared_and_kept() {
    let link = Link::new().latency(MS).bandwidth(1_000_000).mtu(1500);
    let pair = Pair::new(Config::new().link(link));
    let Pair {
        sim,
        mut client,
        mut server,
        ..
    } = pair;
    let start = sim.elapsed();
    sim.run(async {
        let send = async {
            client.write_all(&vec![7; 1_460_000]).await.unwrap();
            client.close().await.unwrap();
        };
        let mut received = Vec::new();
        zip(send, async { server.read_to_end(&mut received).await.unwrap() }).await;
        assert_eq!(received.len(), 1_460_000);
    });
    // 1,000 packets of 1,500 bytes, or a few more where a buffer ends, and a millisecond for the last.
    let took = sim.elapsed() - start;
    assert!((1501 * MS..1503 * MS).contains(&took), "{took:?}");
}

#[test]
fn one_byte_buffers_carry_everything_both_ways() {
    let tiny = HostOptions::new().send_buffer(1).receive_buffer(1);
    let pair = Pair::with(Config::new(), tiny.clone(), tiny);
    let Pair {
        sim, client, server, ..
    } = pair;
    let sent: Vec<u8> = (0..1000).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let exchange = |stream: SimStream| {
        let sent = sent.clone();
        async move {
            let (mut reader, mut writer) = stream.split();
            let write = async {
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
            };
            let mut received = Vec::new();
            zip(write, async { reader.read_to_end(&mut received).await.unwrap() }).await;
            assert_eq!(received, sent);
        }
    };
    sim.run(zip(exchange(client), exchange(server)));
    sim.run(sim.sleep(SECOND));
    assert_eq!(sim.tally().sockets, 0);
}

#[test]
fn loss_delays_and_keeps_the_order() {
    for seed in 0..50 {
        let choices = Choices::seeded(seed);
        let latency = Latency::Uniform(MS, 50 * MS);
        let link = Link::new().latency(latency).loss(100_000).mtu(600);
        let mut pair = Pair::new(Config::new().choices(choices).link(link));
        let sent: Vec<u8> = (0..30_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let sim = pair.sim.clone();
        sim.run(async {
            let send = async {
                for chunk in sent.chunks(700) {
                    pair.client.write_all(chunk).await.unwrap();
                }
                pair.client.close().await.unwrap();
            };
            let mut received = Vec::new();
            zip(send, async { pair.server.read_to_end(&mut received).await.unwrap() }).await;
            assert!(received == sent, "seed {seed}");
        });
    }
}

#[test]
fn a_slow_reader_reads_slowly_and_holds_its_peer_up() {
    let small = HostOptions::new().receive_buffer(1000).send_buffer(1000);
    let mut pair = Pair::with(Config::new(), small.clone(), small);
    let sim = pair.sim.clone();
    pair.server_host.slow_reader(1000);
    sim.run(async {
        let start = sim.elapsed();
        let send = async {
            pair.client.write_all(&[1; 10_000]).await.unwrap();
            pair.client.close().await.unwrap();
        };
        let mut received = Vec::new();
        zip(send, async { pair.server.read_to_end(&mut received).await.unwrap() }).await;
        let took = sim.elapsed() - start;
        assert!((9 * SECOND..11 * SECOND).contains(&took), "{took:?}");
    });
}
