//! Many clients at once, and bad ones among them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_lite::AsyncWriteExt;
use socket2::SockRef;
use wirework::codec::Lines;
use wirework::time::sleep;
use wirework::{Connection, Deadline, Deadlines, Framed, Network, Report, Server, Session, connect};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{ask, client, echo, echo_server, report};

on_each_runtime![
    every_request_that_was_taken_is_answered_while_draining,
    slow_clients_are_cut_while_a_normal_one_is_served,
    panics_under_load_end_their_own_connections_only,
    a_storm_of_resets_is_survived,
    a_half_closed_client_gets_all_its_replies,
];

const CLIENTS: u64 = 1_000;

/// How often to drain; set `WIREWORK_DRAINS` for more.
fn drains() -> u32 {
    std::env::var("WIREWORK_DRAINS").map_or(1, |drains| drains.parse().unwrap())
}

async fn every_request_that_was_taken_is_answered_while_draining<N: Network>(network: N) {
    for _ in 0..drains() {
        drain_amid_requests(&network).await;
    }
}

async fn drain_amid_requests<N: Network>(network: &N) {
    let (taken, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let all = Arc::clone(&taken);
    let new = move |session: Session<String>| {
        let (all, own) = (Arc::clone(&all), AtomicU64::new(0));
        move |_: String| {
            all.fetch_add(1, Ordering::SeqCst);
            let number = own.fetch_add(1, Ordering::SeqCst);
            let cx = session.context().clone();
            async move {
                // Some are answered at once, and some are in flight when the end comes.
                if number % 4 == 3 {
                    sleep(&cx, Duration::from_millis(1)).await;
                }
                io::Result::Ok(number.to_string())
            }
        }
    };
    let server = Server::new(network).serve_sessions(listener, Lines::new(), new);
    let target = server.local_addr().unwrap().to_string();
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        streams.push(connect(network, &target).await.unwrap());
    }
    let ask = |stream| network.spawn(ask_until_the_end(stream, Arc::clone(&answered)));
    let clients: Vec<_> = streams.into_iter().map(ask).collect();
    while answered.load(Ordering::SeqCst) < CLIENTS * 3 {
        sleep(network, Duration::from_millis(1)).await;
    }
    let report = server.shutdown().await;
    assert_eq!(
        (report.active, report.cut, report.panicked, report.timed_out),
        (0, 0, 0, 0),
        "{report}"
    );
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(
        answered.load(Ordering::SeqCst),
        taken.load(Ordering::SeqCst),
        "{report}"
    );
}

/// Asks, some requests at a time, until the server closes. Replies must be those to the requests, in order, without a gap.
async fn ask_until_the_end<C: Connection>(stream: C, answered: Arc<AtomicU64>) {
    let mut client = Framed::new(stream, Lines::new());
    let mut next = 0_u64;
    loop {
        for _ in 0..8 {
            // What was sent before the server ended can still be answered, so only receiving says that it is over.
            let _ = client.send("next").await;
        }
        let _ = client.flush().await;
        for _ in 0..8 {
            match client.next().await {
                Ok(Some(reply)) => assert_eq!(reply, next.to_string()),
                Ok(None) | Err(_) => return,
            }
            next += 1;
            answered.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn slow_clients_are_cut_while_a_normal_one_is_served<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let second = Duration::from_secs(1);
    let deadlines = Deadlines::none().min_rate((100, second * 10));
    let server = Server::new(&clock).deadlines(deadlines);
    let server = server.serve_framed(listener, Lines::new(), echo);
    let mut normal = client(&network, &server).await;
    let target = server.local_addr().unwrap().to_string();
    let mut slow = Vec::new();
    for _ in 0..CLIENTS {
        slow.push(connect(&network, &target).await.unwrap());
    }
    // Whoever is accepted later has more time.
    report(&network, &server, |report| report.accepted == 1 + CLIENTS).await;
    for passed in 1..=20 {
        for stream in &mut slow {
            // Those that were cut cannot be written to.
            let _ = stream.write_all(b"x").await;
        }
        clock.advance(second).await;
        let line = format!("after {passed} s");
        assert_eq!(ask(&mut normal, &line).await.unwrap(), line);
        if passed < 9 {
            assert_eq!(server.report().timed_out, 0, "cut within the grace");
        }
    }
    // One that has ended is counted as such before it is no longer active.
    let wanted = |report: &Report| report.timed_out == CLIENTS && report.active == 1;
    let report = report(&network, &server, wanted).await;
    assert_eq!(report.missed(Deadline::MinRate), CLIENTS);
    assert_eq!(ask(&mut normal, "and after").await.unwrap(), "and after");
}

async fn panics_under_load_end_their_own_connections_only<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let target = server.local_addr().unwrap().to_string();
    let mut clients = Vec::new();
    for number in 0..60 {
        let stream = connect(&network, &target).await.unwrap();
        clients.push(network.spawn(async move {
            let mut client = Framed::new(stream, Lines::new());
            for round in 0..20 {
                if number % 3 == 0 && round == 10 {
                    assert_eq!(ask(&mut client, "panic").await, None);
                    return;
                }
                assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
    let report = report(&network, &server, |report| report.active == 0).await;
    assert_eq!((report.panicked, report.completed, report.failed), (20, 40, 0));
}

async fn a_storm_of_resets_is_survived<N: Network>(network: N) {
    const RESETS: u64 = 300;
    let server = echo_server(&network, Server::new(&network));
    let mut normal = client(&network, &server).await;
    assert_eq!(ask(&mut normal, "before").await.unwrap(), "before");
    let addr = server.local_addr().unwrap().ip().unwrap();
    let storm = network.blocking(move || {
        use std::io::Write;
        for number in 0..RESETS {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            match number % 3 {
                0 => stream.write_all(b"half a line").unwrap(),
                1 => stream.write_all(&b"line\n".repeat(1000)).unwrap(),
                _ => {}
            }
            // Closed without lingering is closed with a reset.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    });
    for round in 0..50 {
        let line = format!("round {round}");
        assert_eq!(ask(&mut normal, &line).await.unwrap(), line);
    }
    storm.await.unwrap();
    // Those that were reset while they waited to be accepted may never have been.
    let report = report(&network, &server, |report| report.active == 1).await;
    assert_eq!((report.panicked, report.cut, report.timed_out), (0, 0, 0), "{report}");
    assert_eq!(ask(&mut normal, "after").await.unwrap(), "after");
}

async fn a_half_closed_client_gets_all_its_replies<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    for _ in 0..50 {
        let mut client = client(&network, &server).await;
        for number in 0..100 {
            client.send(number.to_string()).await.unwrap();
        }
        client.close().await.unwrap();
        for number in 0..100 {
            assert_eq!(client.next().await.unwrap(), Some(number.to_string()));
        }
        assert_eq!(client.next().await.unwrap(), None);
    }
    let report = report(&network, &server, |report| report.active == 0).await;
    assert_eq!(report.completed, 50);
}
