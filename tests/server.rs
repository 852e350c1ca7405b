//! What the server promises, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "server/deadlines.rs"]
mod deadlines;
#[path = "server/doors.rs"]
mod doors;
#[path = "server/ending.rs"]
mod ending;
#[path = "server/last_words.rs"]
mod last_words;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/process.rs"]
mod process;
#[path = "server/pushes.rs"]
mod pushes;
#[path = "server/service.rs"]
mod service;
#[path = "server/storms.rs"]
mod storms;
#[path = "server/upgrades.rs"]
mod upgrades;

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future};
use wirework::codec::Lines;
use wirework::memory::{self, MemoryStream};
use wirework::time::{sleep, timeout};
use wirework::{
    Addr, Connection, Context, Framed, Listener, Network, Report, RunningServer, Runtime, Server, Watched, connect,
};
use wirework_tests::{ManualClock, PATIENCE, on_each_runtime};

on_each_runtime![
    raw_connections_are_served,
    framed_conversations_are_served,
    a_full_server_accepts_again_when_a_connection_ends,
    a_panic_ends_its_own_connection_only,
    bad_input_ends_its_own_connection_only,
    a_lost_listener_is_reported,
    a_malformed_borrowed_request_takes_no_earlier_reply_with_it,
    failing_connections_do_not_starve_others,
    accept_errors_are_survived,
    a_context_is_a_runtime,
    connections_are_numbered,
];

async fn echo<C: Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while let Some(line) = lines.next().await? {
        assert_ne!(line, "panic", "told to");
        lines.send(line).await?;
    }
    Ok(())
}

fn echo_server<N: Network>(network: &N, server: Server<N>) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    server.serve_framed(listener, Lines::new(), echo)
}

async fn client<N: Network>(network: &N, server: &RunningServer) -> Framed<N::TcpStream, Lines> {
    let target = server.local_addr().unwrap().to_string();
    Framed::new(connect(network, &target).await.unwrap(), Lines::new())
}

async fn ask<C: Connection>(client: &mut Framed<C, Lines>, line: &str) -> Option<String> {
    client.send(line).await.unwrap();
    client.next().await.unwrap()
}

/// Waits until the server's report is as wanted.
async fn report<N: Network>(network: &N, server: &RunningServer, wanted: impl Fn(&Report) -> bool) -> Report {
    let reached = async {
        while !wanted(&server.report()) {
            sleep(network, Duration::from_millis(1)).await;
        }
        server.report()
    };
    timeout(network, PATIENCE, reached)
        .await
        .expect("the report gets there")
}

/// A drain deadline that is not met by [`shutdown_within_grace`].
const LONG: Duration = Duration::from_hours(1);

/// Shuts down a server with a [`LONG`] drain deadline, second by second on its own clock, until it has ended.
async fn shutdown_within_grace<N: Network>(network: &N, clock: &ManualClock<N>, server: RunningServer) -> Report {
    let mut ended = clock.spawn(server.shutdown());
    loop {
        let pass = async {
            sleep(network, Duration::from_millis(1)).await;
            clock.advance(Duration::from_secs(1)).await;
            None
        };
        if let Some(report) = future::or(async { Some((&mut ended).await) }, pass).await {
            return report.unwrap();
        }
    }
}

async fn raw_connections_are_served<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve(listener, |mut stream: Watched<N::TcpStream>, cx: Context| async move {
        assert_eq!(Some(stream.peer_addr()?), Some(cx.peer().clone()));
        let mut buf = [0; 4];
        stream.read_exact(&mut buf).await?;
        stream.write_all(&buf).await?;
        stream.close().await
    });
    let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply, b"ping");
    assert_eq!(server.shutdown().await.completed, 1);
}

async fn framed_conversations_are_served<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(client(&network, &server).await);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let line = format!("line {number}");
        assert_eq!(ask(client, &line).await, Some(line));
    }
    drop(clients);
    let report = report(&network, &server, |report| report.active == 0).await;
    assert_eq!((report.accepted, report.completed, report.failed), (10, 10, 0));
}

async fn a_full_server_accepts_again_when_a_connection_ends<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network).max_connections(2));
    let mut first = client(&network, &server).await;
    let mut second = client(&network, &server).await;
    assert_eq!(ask(&mut first, "a").await.unwrap(), "a");
    assert_eq!(ask(&mut second, "b").await.unwrap(), "b");

    // The third is connected by the system, and has to wait to be served.
    let mut third = client(&network, &server).await;
    third.send("c").await.unwrap();
    third.flush().await.unwrap();
    assert_eq!(ask(&mut first, "still").await.unwrap(), "still");
    assert_eq!(server.report().accepted, 2);

    drop(second);
    assert_eq!(third.next().await.unwrap().unwrap(), "c");
    assert_eq!(server.report().accepted, 3);
}

async fn a_panic_ends_its_own_connection_only<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let mut survivor = client(&network, &server).await;
    assert_eq!(ask(&mut survivor, "before").await.unwrap(), "before");
    for _ in 0..20 {
        let mut victim = client(&network, &server).await;
        assert_eq!(ask(&mut victim, "panic").await, None);
    }
    assert_eq!(ask(&mut survivor, "after").await.unwrap(), "after");
    assert_eq!(
        report(&network, &server, |report| report.active == 1).await.panicked,
        20
    );
}

async fn bad_input_ends_its_own_connection_only<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let mut survivor = client(&network, &server).await;
    let target = server.local_addr().unwrap().to_string();
    let too_long = vec![b'x'; 100 * 1024];
    let inputs: [&[u8]; 3] = [b"\xff\n", b"unterminated", &too_long];
    for input in inputs {
        let mut stream = connect(&network, &target).await.unwrap();
        // The server may close before it has read all of it.
        let _ = stream.write_all(input).await;
        let _ = stream.close().await;
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await;
        assert_eq!(reply, b"");
    }
    // A reset: dropped with bytes unread.
    let mut stream = connect(&network, &target).await.unwrap();
    stream.write_all(b"reply to this\n").await.unwrap();
    // That it is readable may be said too soon; a byte that can be peeked at is there.
    future::poll_fn(|cx| stream.poll_peek(cx, &mut [0])).await.unwrap();
    drop(stream);

    assert_eq!(ask(&mut survivor, "fine").await.unwrap(), "fine");
    let report = report(&network, &server, |report| report.active == 1).await;
    assert_eq!((report.accepted, report.failed, report.panicked), (5, 4, 0));
}

async fn a_lost_listener_is_reported<N: Network>(network: N) {
    // "Bad file descriptor", everywhere.
    const EBADF: i32 = 9;
    let (stream, peer) = memory::pair(1024);
    let lost = Flaky {
        errors: [io::Error::from_raw_os_error(EBADF)].into(),
        stream: None,
    };
    let good = Flaky {
        errors: VecDeque::new(),
        stream: Some(stream),
    };
    let server = Server::new(&network).serve_framed(vec![lost, good], Lines::new(), echo);
    let report = report(&network, &server, |report| report.lost_listeners == 1).await;
    assert!(report.to_string().ends_with("; 1 listeners lost"), "{report}");
    // Another one still serves.
    assert!(server.handle().is_ready());
    assert_eq!(
        ask(&mut Framed::new(peer, Lines::new()), "hello").await.unwrap(),
        "hello"
    );

    let last = Flaky {
        errors: [io::Error::from_raw_os_error(EBADF)].into(),
        stream: None,
    };
    let server = Server::new(&network).serve_framed(last, Lines::new(), echo);
    crate::report(&network, &server, |report| report.lost_listeners == 1).await;
    assert!(!server.handle().is_ready());
    assert_eq!(server.shutdown().await.lost_listeners, 1);
}

/// Answers lines of UTF-8 with their lengths.
struct Lengths;

impl<'a> wirework::Service<&'a str> for Lengths {
    type Response = String;
    type Error = io::Error;

    async fn call(&self, line: &'a str) -> io::Result<String> {
        Ok(line.len().to_string())
    }
}

async fn a_malformed_borrowed_request_takes_no_earlier_reply_with_it<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_service_ref(listener, Lines::new(), Lengths);
    let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    // That the second line is no text is seen when it is parsed, not when it is located.
    stream.write_all(b"four\n\xff\n").await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert_eq!(replies, "4\n");
    report(&network, &server, |report| report.failed == 1).await;
}

/// Fails without end, each time at once.
struct Failing;

impl Listener for Failing {
    type Connection = MemoryStream;

    fn poll_accept(&mut self, _: &mut Poller<'_>) -> Poll<io::Result<MemoryStream>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

async fn failing_connections_do_not_starve_others<N: Network>(network: N) {
    // On smol, all tasks share one thread: an acceptor that never let go of it would keep the shutdown from being seen.
    let server = Server::new(&network).serve_framed(Failing, Lines::new(), echo);
    for _ in 0..5 {
        sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(server.shutdown().await, Report::default());
}

/// Fails as told, then gives a connection.
struct Flaky {
    errors: VecDeque<io::Error>,
    stream: Option<MemoryStream>,
}

impl Listener for Flaky {
    type Connection = MemoryStream;

    fn poll_accept(&mut self, _: &mut Poller<'_>) -> Poll<io::Result<MemoryStream>> {
        match self.errors.pop_front() {
            Some(error) => Poll::Ready(Err(error)),
            None => self
                .stream
                .take()
                .map_or(Poll::Pending, |stream| Poll::Ready(Ok(stream))),
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

async fn accept_errors_are_survived<N: Network>(network: N) {
    // "Too many open files", on Linux.
    const EMFILE: i32 = 24;
    let (stream, peer) = memory::pair(1024);
    let errors = [
        io::ErrorKind::ConnectionAborted.into(),
        io::Error::from_raw_os_error(EMFILE),
        io::Error::from_raw_os_error(EMFILE),
        io::ErrorKind::ConnectionReset.into(),
    ];
    let listener = Flaky {
        errors: errors.into(),
        stream: Some(stream),
    };
    let server = Server::new(&network).serve_framed(listener, Lines::new(), echo);
    assert_eq!(server.local_addr().unwrap_err().kind(), io::ErrorKind::Unsupported);
    let mut client = Framed::new(peer, Lines::new());
    assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
}

async fn a_context_is_a_runtime<N: Network>(network: N) {
    let (client, stream) = memory::pair(1024);
    let listener = Flaky {
        errors: VecDeque::new(),
        stream: Some(stream),
    };
    let handler = |mut lines: Framed<MemoryStream, Lines>, cx: Context| async move {
        let spawned = cx.spawn(async { "spawned" }).await?;
        let blocked = cx.blocking(|| "blocked").await?;
        let late = timeout(&cx, Duration::ZERO, pending::<()>()).await.unwrap_err();
        let panicked = cx.spawn(async { unreachable!("as it is") }).await.unwrap_err();
        assert!(cx.now() <= cx.now());
        assert_ne!(cx.random_u64(), cx.random_u64());
        lines.send(format!("{spawned}, {blocked}, {late}, {panicked}")).await?;
        lines.close().await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let _server = Server::new(&network).serve_framed(listener, Lines::new(), handler);
    let line = Framed::new(client, Lines::new()).next().await.unwrap().unwrap();
    assert_eq!(
        line,
        "spawned, blocked, timed out, task panicked: internal error: entered unreachable code: as it is"
    );
}

async fn connections_are_numbered<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_framed(
        listener,
        Lines::new(),
        |mut lines: Framed<_, _>, cx: Context| async move {
            lines.send(cx.connection_id().to_string()).await?;
            lines.close().boxed().await
        },
    );
    for number in 0..3 {
        let mut client = client(&network, &server).await;
        assert_eq!(client.next().await.unwrap(), Some(number.to_string()));
    }
}
