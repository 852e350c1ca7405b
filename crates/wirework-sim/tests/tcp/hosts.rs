//! What becomes of connections to a host that dies.

use std::io::ErrorKind;

use futures_lite::AsyncWriteExt;
use futures_lite::future::poll_once;
use wirework::socket::ListenOptions;
use wirework::{ConnectOptions, Listener, Network, Runtime};
use wirework_sim::{Config, Sim};

use crate::pair::{MS, Pair, SECOND, read, write};

#[test]
fn a_killed_host_says_goodbye_and_one_without_power_does_not() {
    for power_off in [false, true] {
        let mut pair = Pair::new(Config::new());
        let sim = pair.sim.clone();
        sim.run(async {
            if power_off {
                pair.server_host.power_off();
                sim.sleep(60 * SECOND).await;
                assert!(poll_once(read(&mut pair.client)).await.is_none());
                pair.client.write_all(b"hello?").await.unwrap();
                sim.sleep(SECOND).await;
                pair.server_host.restart();
                assert_eq!(read(&mut pair.client).await, Err(ErrorKind::ConnectionReset));
            } else {
                pair.server_host.kill();
                assert_eq!(read(&mut pair.client).await, Ok(0));
            }
            // The handle of the dead host's socket is of no use any more.
            assert!(write(&mut pair.server).await.is_err());
        });
        assert_eq!(pair.server_host.tally().sockets, 0);
    }
}

#[test]
fn a_killed_host_resets_what_it_had_not_accepted() {
    let pair = Pair::new(Config::new());
    pair.sim.run(async {
        let _listener = pair
            .server_host
            .runtime()
            .listen_tcp(pair.server_host.addr(81))
            .unwrap();
        // One is there to be accepted, the other on its way there.
        let mut there = pair
            .client_host
            .runtime()
            .connect_tcp(pair.server_host.addr(81))
            .await
            .unwrap();
        pair.sim.sleep(SECOND).await;
        let mut coming = pair
            .client_host
            .runtime()
            .connect_tcp(pair.server_host.addr(81))
            .await
            .unwrap();
        pair.server_host.kill();
        assert_eq!(read(&mut there).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(read(&mut coming).await, Err(ErrorKind::ConnectionReset));
    });
}

#[test]
fn a_connection_outlives_the_power_cut_before_it() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = server.clone();
    server.start(move |_| {
        let server = runtime.clone();
        async move {
            let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
            let mut stream = listener.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        }
    });
    sim.run(async {
        // The first packet is lost, and the second finds the server as it comes back.
        sim.partition(&client, &server);
        let connecting = client.runtime().spawn({
            let (runtime, addr) = (client.runtime(), server.addr(80));
            async move { runtime.connect_tcp(addr).await }
        });
        sim.sleep(100 * MS).await;
        server.power_off();
        sim.heal(&client, &server);
        sim.sleep(100 * MS).await;
        server.restart();
        let mut stream = connecting.await.unwrap().unwrap();
        assert_eq!(read(&mut stream).await, Ok(5));
    });
}

#[test]
fn keepalive_finds_a_peer_without_power() {
    let sim = Sim::new(Config::new());
    let (client_host, server_host) = (sim.host("client"), sim.host("server"));
    sim.run(async {
        let options = ListenOptions::new().keepalive(None);
        let mut listener = server_host
            .runtime()
            .listen_tcp_with(server_host.addr(80), &options)
            .unwrap();
        let options = ConnectOptions::new().keepalive(60 * SECOND);
        let mut client = client_host
            .runtime()
            .connect_tcp_with(server_host.addr(80), options)
            .await
            .unwrap();
        let mut server = listener.accept().await.unwrap();
        server.write_all(b"last").await.unwrap();
        assert_eq!(read(&mut client).await, Ok(4));
        let heard = sim.elapsed();
        server_host.power_off();
        assert_eq!(read(&mut client).await, Err(ErrorKind::TimedOut));
        // A minute of silence, and nine more probes 75 s apart.
        assert_eq!(sim.elapsed() - heard, (60 + 9 * 75) * SECOND);
    });
}
