//! Connecting: how long it takes, and how it fails.

use std::io::ErrorKind;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{ConnectOptions, Listener, Network};
use wirework_sim::{Config, Link, Sim};

use crate::pair::{MS, SECOND};

#[test]
fn a_handshake_takes_a_round_trip_and_data_half_of_one() {
    let sim = Sim::new(Config::new().link(Link::new().latency(10 * MS)));
    let (client, server) = (sim.host("client"), sim.host("server"));
    sim.run(async {
        let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
        let mut client = client.runtime().connect_tcp(server.addr(80)).await.unwrap();
        assert_eq!(sim.elapsed(), 20 * MS);
        let mut server = listener.accept().await.unwrap();
        assert_eq!(sim.elapsed(), 30 * MS);
        client.write_all(b"ping").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(sim.elapsed(), 40 * MS);
    });
}

#[test]
fn connecting_fails_as_it_should() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = client.runtime();
    sim.run(async {
        let kind = async |addr| runtime.connect_tcp(addr).await.unwrap_err().kind();
        assert_eq!(kind(server.addr(80)).await, ErrorKind::ConnectionRefused);
        assert_eq!(sim.elapsed(), 2 * MS);
        assert_eq!(kind(([192, 0, 2, 1], 80).into()).await, ErrorKind::HostUnreachable);
        server.power_off();
        let start = sim.elapsed();
        assert_eq!(kind(server.addr(80)).await, ErrorKind::TimedOut);
        assert_eq!(sim.elapsed() - start, 127 * SECOND);
        let wrong = ConnectOptions::new().local_addr([10, 9, 9, 9].into());
        let error = runtime.connect_tcp_with(server.addr(80), wrong).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    });
    assert!(sim.tally().is_empty());
}
