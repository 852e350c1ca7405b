//! UDP between simulated hosts: what may become of datagrams.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::time::Duration;

use futures_lite::future::poll_once;
use wirework::{Datagram, Network};
use wirework_sim::{Config, HostOptions, Latency, Link, Sim};

const MS: Duration = Duration::from_millis(1);

/// Sends `count` numbered datagrams of `length` bytes, and gives the numbers of those that arrive, in their order.
fn arriving(link: Link, receiver: HostOptions, count: u32, length: usize) -> Vec<u32> {
    let sim = Sim::new(Config::new().link(link));
    let a = sim.host("a");
    let b = sim.host_with("b", receiver).unwrap();
    sim.run(async {
        let from = a.runtime().bind_udp(a.addr(0)).unwrap();
        let to = b.runtime().bind_udp(b.addr(53)).unwrap();
        for number in 0..count {
            let mut datagram = vec![0; length];
            datagram[..4].copy_from_slice(&number.to_be_bytes());
            from.send_to(&datagram, b.addr(53)).await.unwrap();
        }
        sim.sleep(1000 * MS).await;
        let mut arrived = Vec::new();
        let mut buf = vec![0; length];
        while let Some(received) = poll_once(to.recv_from(&mut buf)).await {
            assert_eq!(received.unwrap(), (length, from.local_addr().unwrap()));
            arrived.push(u32::from_be_bytes(buf[..4].try_into().unwrap()));
        }
        arrived
    })
}

#[test]
fn without_faults_all_arrive_in_order() {
    let latency = Latency::Uniform(MS, 9 * MS);
    let arrived = arriving(Link::new().latency(latency), HostOptions::new(), 500, 10);
    assert_eq!(arrived, (0..500).collect::<Vec<_>>());
}

#[test]
fn loss_is_as_likely_as_it_says() {
    let arrived = arriving(Link::new().loss(200_000), HostOptions::new(), 1000, 10);
    assert!((750..850).contains(&arrived.len()), "{}", arrived.len());
    assert!(arrived.is_sorted());
}

#[test]
fn a_long_datagram_is_lost_with_any_of_its_pieces() {
    let link = Link::new().loss(100_000).mtu(128);
    let whole = arriving(link.clone(), HostOptions::new(), 500, 100).len();
    let pieces = arriving(link, HostOptions::new(), 200, 1000).len();
    assert!((425..475).contains(&whole), "{whole} of about 450");
    // 0.9 to the tenth power is 0.35.
    assert!((45..95).contains(&pieces), "{pieces} of about 70");
}

#[test]
fn doubled_datagrams_arrive_twice() {
    let arrived = arriving(Link::new().duplication(500_000), HostOptions::new(), 400, 10);
    assert!((550..650).contains(&arrived.len()), "{}", arrived.len());
}

#[test]
fn reordered_datagrams_are_overtaken() {
    let arrived = arriving(
        Link::new().reordering(100_000).bandwidth(100_000),
        HostOptions::new(),
        400,
        10,
    );
    assert_eq!(arrived.len(), 400);
    assert!(!arrived.is_sorted());
}

#[test]
fn what_does_not_fit_into_the_buffer_is_lost() {
    let small = HostOptions::new().datagram_buffer(10 * (100 + 64));
    assert_eq!(arriving(Link::new(), small, 50, 100), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_partition_loses_and_a_clog_holds() {
    let sim = Sim::new(Config::new());
    let (a, b) = (sim.host("a"), sim.host("b"));
    sim.run(async {
        let from = a.runtime().bind_udp(a.addr(0)).unwrap();
        let to = b.runtime().bind_udp(b.addr(53)).unwrap();
        let mut buf = [0; 8];
        sim.partition_one_way(&a, &b);
        from.send_to(b"lost", b.addr(53)).await.unwrap();
        sim.heal(&a, &b);
        sim.clog(&a, &b);
        from.send_to(b"held", b.addr(53)).await.unwrap();
        sim.sleep(100 * MS).await;
        assert!(poll_once(to.recv_from(&mut buf)).await.is_none());
        sim.unclog(&a, &b);
        assert_eq!(to.recv_from(&mut buf).await.unwrap().0, 4);
        assert_eq!(&buf[..4], b"held");
    });
}
