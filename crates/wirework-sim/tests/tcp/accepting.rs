//! Accepting: what becomes of connections that nobody takes, or that cannot be taken.

use std::io::ErrorKind;

use futures_lite::future::poll_once;
use wirework::socket::ListenOptions;
use wirework::{Listener, Network, Runtime};
use wirework_sim::{Config, HostOptions, Sim};

use crate::pair::{MS, SECOND};

#[test]
fn a_full_backlog_makes_clients_try_again() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = client.runtime();
    sim.run(async {
        let options = ListenOptions::new().backlog(2);
        let mut listener = server.runtime().listen_tcp_with(server.addr(80), &options).unwrap();
        let _first = runtime.connect_tcp(server.addr(80)).await.unwrap();
        let _second = runtime.connect_tcp(server.addr(80)).await.unwrap();
        let start = sim.elapsed();
        let third = runtime.spawn({
            let (runtime, addr) = (runtime.clone(), server.addr(80));
            async move { runtime.connect_tcp(addr).await }
        });
        sim.sleep(500 * MS).await;
        let _accepted = listener.accept().await.unwrap();
        third.await.unwrap().unwrap();
        assert_eq!(sim.elapsed() - start, SECOND + 2 * MS);
    });
}

#[test]
fn attempts_that_are_given_up_leave_the_backlog() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = client.runtime();
    sim.run(async {
        let options = ListenOptions::new().backlog(2);
        let mut listener = server.runtime().listen_tcp_with(server.addr(80), &options).unwrap();
        for _ in 0..10 {
            let mut attempt = Box::pin(runtime.connect_tcp(server.addr(80)));
            assert!(poll_once(attempt.as_mut()).await.is_none());
            // The server has answered, and the answer is under way.
            sim.sleep(MS + MS / 2).await;
            drop(attempt);
            sim.sleep(SECOND).await;
        }
        let start = sim.elapsed();
        let _connected = runtime.connect_tcp(server.addr(80)).await.unwrap();
        assert_eq!(sim.elapsed() - start, 2 * MS);
        listener.accept().await.unwrap();
    });
}

#[test]
fn descriptors_run_out_and_come_back() {
    let sim = Sim::new(Config::new());
    let client = sim.host("client");
    let server = sim.host_with("server", HostOptions::new().descriptors(2)).unwrap();
    let runtime = client.runtime();
    sim.run(async {
        let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
        let _one = runtime.connect_tcp(server.addr(80)).await.unwrap();
        let _two = runtime.connect_tcp(server.addr(80)).await.unwrap();
        let first = listener.accept().await.unwrap();
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(24));
        drop(first);
        listener.accept().await.unwrap();
    });
}

#[test]
fn accept_errors_lose_no_connection() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    sim.run(async {
        let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
        server.fail_accepts(2, ErrorKind::OutOfMemory);
        let _client = client.runtime().connect_tcp(server.addr(80)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(listener.accept().await.unwrap_err().kind(), ErrorKind::OutOfMemory);
        }
        listener.accept().await.unwrap();
    });
}
