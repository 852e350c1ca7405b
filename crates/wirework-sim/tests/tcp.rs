//! TCP between simulated hosts behaves as Linux does, with and without faults.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(clippy::unchecked_time_subtraction, reason = "time goes on")]

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::socket::ListenOptions;
use wirework::{ConnectOptions, Connection, Listener, Network, Runtime, Split, Task};
use wirework_sim::{Capture, Choices, Config, FailureKind, Host, HostOptions, Latency, Link, Sim, SimStream};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Two hosts, and a connection between them.
struct Pair {
    sim: Sim,
    client_host: Host,
    server_host: Host,
    client: SimStream,
    server: SimStream,
}

impl Pair {
    fn new(config: Config) -> Self {
        Self::with(config, HostOptions::new(), HostOptions::new())
    }

    fn with(config: Config, client: HostOptions, server: HostOptions) -> Self {
        let sim = Sim::new(config);
        let client_host = sim.host_with("client", client).unwrap();
        let server_host = sim.host_with("server", server).unwrap();
        let (client, server) = sim.run(connect(&client_host, &server_host));
        Self {
            sim,
            client_host,
            server_host,
            client,
            server,
        }
    }
}

async fn connect(client: &Host, server: &Host) -> (SimStream, SimStream) {
    let mut listener = server.runtime().listen_tcp(server.addr(80)).unwrap();
    let runtime = client.runtime();
    let (client, server) = zip(runtime.connect_tcp(server.addr(80)), listener.accept()).await;
    (client.unwrap(), server.unwrap())
}

async fn read(stream: &mut SimStream) -> Result<usize, ErrorKind> {
    stream.read(&mut [0; 100]).await.map_err(|error| error.kind())
}

async fn write(stream: &mut SimStream) -> Result<usize, ErrorKind> {
    stream.write(b"x").await.map_err(|error| error.kind())
}

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
fn what_was_received_before_a_reset_stays_readable() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        pair.client.write_all(b"last").await.unwrap();
        sim.sleep(SECOND).await;
        assert_eq!(sim.reset_connections(&pair.client_host, &pair.server_host), 1);
        assert_eq!(read(&mut pair.server).await, Ok(4));
        assert_eq!(read(&mut pair.server).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
    });
}

#[test]
fn a_reset_on_an_idle_connection_is_told_once() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.reset_connections(&pair.client_host, &pair.server_host);
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
        assert_eq!(pair.server.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn after_the_end_the_first_write_succeeds() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        drop(pair.client);
        assert_eq!(read(&mut pair.server).await, Ok(0));
        assert_eq!(write(&mut pair.server).await, Ok(1));
        sim.sleep(SECOND).await;
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
    });
}

#[test]
fn what_is_closed_unread_is_reset() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        pair.client.write_all(b"unread").await.unwrap();
        sim.sleep(SECOND).await;
        drop(pair.server);
        assert_eq!(read(&mut pair.client).await, Err(ErrorKind::ConnectionReset));
    });
}

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

#[test]
fn an_idle_connection_is_a_deadlock_that_names_it() {
    let mut pair = Pair::new(Config::new());
    let failure = pair.sim.try_run(read(&mut pair.client)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    assert!(failure.report().contains("bytes from 10.0.0.2:80 on #0"), "{failure}");
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

#[test]
fn names_are_resolved_as_the_faults_say() {
    let sim = Sim::new(Config::new());
    let (client, server) = (sim.host("client"), sim.host("server"));
    let runtime = client.runtime();
    sim.run(async {
        let found = runtime.resolve("SERVER", 80).await.unwrap();
        assert_eq!(found[0], server.addr(80));
        sim.set_dns("server", &[[192, 0, 2, 1].into()]);
        assert_eq!(
            runtime.resolve("server", 80).await.unwrap(),
            [([192, 0, 2, 1], 80).into()]
        );
        client.set_dns_fault(wirework_sim::DnsFault::Failing);
        let error = runtime.resolve("server", 80).await.unwrap_err();
        assert!(error.to_string().contains(r#""server""#), "{error}");
        client.set_dns_fault(wirework_sim::DnsFault::Silent);
        let start = sim.elapsed();
        assert_eq!(
            runtime.resolve("server", 80).await.unwrap_err().kind(),
            ErrorKind::TimedOut
        );
        assert_eq!(sim.elapsed() - start, 10 * SECOND);
        sim.quiesce();
        runtime.resolve("server", 80).await.unwrap();
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
