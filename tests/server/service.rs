//! Requests and replies: order, bounds, and what happens at the end.

use std::io;
use std::net::Shutdown as How;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use wirework::codec::{Frame, LengthDelimited, Lines};
use wirework::time::sleep;
use wirework::{Connection, Context, Deadline, Deadlines, Framed, Network, Replies, RunningServer, Server, Service};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{ask, client, report};

on_each_runtime![
    replies_keep_the_order_of_requests,
    no_more_requests_than_allowed_are_in_flight,
    replies_may_leave_as_they_are_ready,
    requests_may_be_borrowed,
    an_error_ends_the_connection_after_earlier_replies,
    so_does_a_reply_that_cannot_be_encoded,
    requests_in_flight_are_answered_when_the_server_drains,
    a_peer_that_does_not_read_stops_the_reader,
    a_slow_request_misses_its_deadline,
    a_request_that_was_answered_misses_none,
    an_early_reply_does_not_wait_for_a_later_request,
];

fn serve<N, S>(network: &N, server: Server<N>, service: S) -> RunningServer
where
    N: Network,
    S: Service<String, Response = String>,
{
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    server.serve_service(listener, Lines::new(), service)
}

pub(crate) async fn send_all<C: Connection>(client: &mut Framed<C, Lines>, lines: impl IntoIterator<Item = String>) {
    for line in lines {
        client.send(line).await.unwrap();
    }
    client.flush().await.unwrap();
}

/// A service that takes as many milliseconds as it is asked for, and 0 at once.
fn naps<N: Network>(network: &N) -> impl Service<String, Response = String> + use<N> {
    let network = network.clone();
    move |line: String| {
        let network = network.clone();
        async move {
            let millis = line.parse().map_err(io::Error::other)?;
            if millis > 0 {
                sleep(&network, Duration::from_millis(millis)).await;
            }
            io::Result::Ok(line)
        }
    }
}

async fn replies_keep_the_order_of_requests<N: Network>(network: N) {
    let server = serve(&network, Server::new(&network), naps(&network));
    let mut client = client(&network, &server).await;
    // Long ones first, so that the later are ready before them; and more than may be in flight.
    let lines: Vec<_> = (0..100)
        .map(|number| (if number % 3 == 0 { 0 } else { 10 - number % 10 }).to_string())
        .collect();
    send_all(&mut client, lines.clone()).await;
    for line in lines {
        assert_eq!(client.next().await.unwrap(), Some(line));
    }
}

async fn no_more_requests_than_allowed_are_in_flight<N: Network>(network: N) {
    const MAX: usize = 4;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let service = {
        let (network, now, most) = (network.clone(), now, Arc::clone(&most));
        move |line: String| {
            let (network, now, most) = (network.clone(), now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(&network, Duration::from_millis(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                io::Result::Ok(line)
            }
        }
    };
    let server = serve(&network, Server::new(&network).max_in_flight(MAX), service);
    let mut client = client(&network, &server).await;
    send_all(&mut client, (0..50).map(|number| number.to_string())).await;
    for number in 0..50 {
        assert_eq!(client.next().await.unwrap(), Some(number.to_string()));
    }
    assert_eq!(most.load(Ordering::SeqCst), MAX);
}

async fn replies_may_leave_as_they_are_ready<N: Network>(network: N) {
    let server = Server::new(&network).replies(Replies::AsReady);
    // The first request is answered by the second.
    let (answer, answered) = async_channel::bounded::<()>(1);
    let service = move |line: String| {
        let (answer, answered) = (answer.clone(), answered.clone());
        async move {
            match line.as_str() {
                "wait" => answered.recv().await.map_err(io::Error::other)?,
                _ => answer.send(()).await.map_err(io::Error::other)?,
            }
            io::Result::Ok(line)
        }
    };
    let server = serve(&network, server, service);
    let mut client = client(&network, &server).await;
    for _ in 0..10 {
        send_all(&mut client, ["wait", "go"].map(String::from)).await;
        assert_eq!(client.next().await.unwrap().unwrap(), "go");
        assert_eq!(client.next().await.unwrap().unwrap(), "wait");
    }
}

/// Counts words without owning a single one.
struct Words<N>(N);

impl<'a, N: Network> Service<&'a str> for Words<N> {
    type Response = String;
    type Error = io::Error;

    async fn call(&self, line: &'a str) -> io::Result<String> {
        if line.starts_with("slow") {
            sleep(&self.0, Duration::from_millis(1)).await;
        }
        Ok(line.split_whitespace().count().to_string())
    }
}

async fn requests_may_be_borrowed<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_service_ref(listener, Lines::new(), Words(network.clone()));
    let mut client = client(&network, &server).await;
    assert_eq!(ask(&mut client, "one two three").await.unwrap(), "3");
    send_all(&mut client, ["a", "slow b", "c d e", ""].map(String::from)).await;
    for count in ["1", "2", "3", "0"] {
        assert_eq!(client.next().await.unwrap().unwrap(), count);
    }
    let report = server.shutdown().await;
    assert_eq!((report.drained, report.failed), (1, 0));
}

async fn an_error_ends_the_connection_after_earlier_replies<N: Network>(network: N) {
    let server = serve(&network, Server::new(&network), naps(&network));
    let mut client = client(&network, &server).await;
    send_all(&mut client, ["5", "0", "no number", "1"].map(String::from)).await;
    assert_eq!(client.next().await.unwrap().unwrap(), "5");
    assert_eq!(client.next().await.unwrap().unwrap(), "0");
    assert!(matches!(client.next().await, Ok(None) | Err(_)));
    report(&network, &server, |report| report.failed == 1).await;
}

/// Replies that fit, and others that do not.
struct Grows;

impl<'a> Service<&'a [u8]> for Grows {
    type Response = Vec<u8>;
    type Error = io::Error;

    async fn call(&self, request: &'a [u8]) -> io::Result<Vec<u8>> {
        Ok(request.repeat(request.len()))
    }
}

async fn so_does_a_reply_that_cannot_be_encoded<N: Network>(network: N) {
    let codec = LengthDelimited::new().max_len(10);
    let listen = || network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let owned = |request: Frame| async move { Grows.call(&request).await };
    for server in [
        Server::new(&network).serve_service(listen(), codec.clone(), owned),
        Server::new(&network).serve_service_ref(listen(), codec.clone(), Grows),
    ] {
        let stream = wirework::connect(&network, &server.local_addr().unwrap().to_string()).await;
        let mut client = Framed::new(stream.unwrap(), codec.clone());
        for request in ["abc", "abcd"] {
            client.send(request).await.unwrap();
        }
        assert_eq!(client.next().await.unwrap().unwrap(), "abcabcabc");
        assert!(matches!(client.next().await, Ok(None) | Err(_)));
        report(&network, &server, |report| report.failed == 1).await;
    }
}

async fn requests_in_flight_are_answered_when_the_server_drains<N: Network>(network: N) {
    let server = serve(&network, Server::new(&network), naps(&network));
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = client(&network, &server).await;
        send_all(&mut client, (0..60).map(|number| (number % 4).to_string())).await;
        assert_eq!(client.next().await.unwrap().unwrap(), "0");
        clients.push(client);
    }
    let report = server.shutdown().await;
    assert_eq!((report.drained, report.cut, report.failed), (10, 0, 0));
    for client in &mut clients {
        for number in 1..60 {
            assert_eq!(client.next().await.unwrap(), Some((number % 4).to_string()));
        }
        assert_eq!(client.next().await.unwrap(), None);
    }
}

async fn a_peer_that_does_not_read_stops_the_reader<N: Network>(network: N) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let service = move |line: String| {
        counted.fetch_add(1, Ordering::SeqCst);
        // Answered later every other time, so that answers have to wait for room, too.
        let later = line.len().is_multiple_of(2);
        async move {
            if later {
                future::yield_now().await;
            }
            io::Result::Ok("x".repeat(60_000))
        }
    };
    let server = serve(&network, Server::new(&network), service);
    let mut stream = wirework::connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    let asked = 2_000;
    let requests: String = (0..asked)
        .map(|number| if number % 2 == 0 { "a\n" } else { "ab\n" })
        .collect();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let handle = server.handle();
    while handle.connections().first().is_none_or(|only| only.unsent == 0) {
        sleep(&network, Duration::from_millis(1)).await;
    }
    let only = &handle.connections()[0];
    assert!(
        only.unsent < 200_000,
        "{} bytes are held for a peer that does not read",
        only.unsent
    );
    assert!(
        calls.load(Ordering::SeqCst) < asked,
        "all of it was answered into memory"
    );
    // It gets all of them once it reads.
    let mut buf = vec![0; 256 * 1024];
    let mut left = asked * 60_001;
    while left > 0 {
        let count = stream.read(&mut buf).await.unwrap();
        assert!(count > 0, "{left} bytes are missing");
        left -= count;
    }
    assert_eq!(calls.load(Ordering::SeqCst), asked);
}

async fn a_slow_request_misses_its_deadline<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limit = Duration::from_mins(1);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let service = |line: String| async move {
        if line == "never" {
            std::future::pending::<()>().await;
        }
        io::Result::Ok(line)
    };
    let deadlines = Deadlines::none().request(limit).idle(limit * 100);
    let server = Server::new(&clock)
        .deadlines(deadlines)
        .serve_service(listener, Lines::new(), service);
    let mut client = client(&network, &server).await;
    for _ in 0..3 {
        clock.advance(limit * 2).await;
        assert_eq!(ask(&mut client, "at once").await.unwrap(), "at once");
    }
    send_all(&mut client, ["never".to_string(), "behind it".to_string()]).await;
    while server.handle().connections()[0].read < 8 * 3 + 6 + 10 {
        sleep(&network, Duration::from_millis(1)).await;
    }
    while server.report().timed_out == 0 {
        clock.advance(limit / 4).await;
        sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(server.report().missed(Deadline::Request), 1);
    assert!(matches!(client.next().await, Ok(None) | Err(_)));
}

async fn a_request_that_was_answered_misses_none<N: Network>(network: N) {
    const LEN: usize = 16 * 1024 * 1024;
    let clock = ManualClock::new(&network);
    let limit = Duration::from_mins(1);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let (go, wait) = async_channel::bounded::<()>(1);
    let service = move |_: Frame| {
        let wait = wait.clone();
        async move {
            wait.recv().await.map_err(io::Error::other)?;
            io::Result::Ok(vec![7; LEN])
        }
    };
    let server = Server::new(&clock)
        .deadlines(Deadlines::none().request(limit))
        .serve_service(listener, LengthDelimited::new().max_len(LEN), service);
    let mut stream = wirework::connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    stream.write_all(b"\0\0\0\x01a").await.unwrap();
    stream.shutdown(How::Write).unwrap();
    // Long enough for the server to see that, and that the request takes time.
    sleep(&network, Duration::from_millis(10)).await;
    go.send(()).await.unwrap();
    // The reply takes much longer than the request may.
    while server
        .handle()
        .connections()
        .first()
        .is_none_or(|only| only.unsent == 0)
    {
        sleep(&network, Duration::from_millis(1)).await;
    }
    for _ in 0..3 {
        clock.advance(limit).await;
        sleep(&network, Duration::from_millis(1)).await;
    }
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply.len(), 4 + LEN);
    assert_eq!(server.report().timed_out, 0);
}

async fn an_early_reply_does_not_wait_for_a_later_request<N: Network>(network: N) {
    let (go, wait) = async_channel::bounded::<()>(1);
    let service = move |line: String| {
        let wait = wait.clone();
        async move {
            if line == "wait" {
                wait.recv().await.map_err(io::Error::other)?;
            }
            io::Result::Ok(line)
        }
    };
    for max in [1, 2] {
        let server = serve(&network, Server::new(&network).max_in_flight(max), service.clone());
        let mut client = client(&network, &server).await;
        send_all(&mut client, ["first", "wait", "last"].map(String::from)).await;
        assert_eq!(client.next().await.unwrap().unwrap(), "first");
        go.send(()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), "wait");
        assert_eq!(client.next().await.unwrap().unwrap(), "last");
    }
}

#[expect(
    dead_code,
    reason = "that it compiles is the test: a service may be a plain function"
)]
fn functions_are_services<N: Network>(network: &N, _: Context) {
    async fn shout(line: String) -> io::Result<String> {
        Ok(line.to_uppercase())
    }
    drop(serve(network, Server::new(network), shout));
}
