//! How a server ends: who is still answered, who is cut, and that nobody holds it up.

use std::future::pending;
use std::io;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use wirework::codec::Lines;
use wirework::time::sleep;
use wirework::{Context, Framed, Network, Runtime, Server, Shutdown, Watched, connect};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{LONG, ask, client, echo, echo_server, report, shutdown_within_grace};

on_each_runtime![
    an_idle_conversation_ends_when_the_server_drains,
    so_does_one_that_waits_in_another_task,
    a_conversation_may_end_by_a_signal_of_its_own,
    what_has_come_is_answered_before_the_server_ends,
    who_has_just_come_is_answered_while_the_server_drains,
    who_says_nothing_does_not_hold_up_the_end,
    a_handler_that_does_not_finish_is_cut_at_the_deadline,
    a_dropped_server_cuts_its_connections,
    a_drained_server_refuses_connections,
];

async fn an_idle_conversation_ends_when_the_server_drains<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = client(&network, &server).await;
        assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
        clients.push(client);
    }
    let report = server.shutdown().await;
    assert_eq!(
        (report.completed, report.drained, report.cut, report.active),
        (5, 5, 0, 0)
    );
    for mut client in clients {
        assert_eq!(client.next().await.unwrap(), None);
    }
}

async fn so_does_one_that_waits_in_another_task<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let moved =
        |lines: Framed<N::TcpStream, Lines>, cx: Context| async move { cx.spawn(echo(lines, cx.clone())).await? };
    let server = Server::new(&network).serve_framed(listener, Lines::new(), moved);
    let mut client = client(&network, &server).await;
    assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
    let report = server.shutdown().await;
    assert_eq!((report.completed, report.drained, report.cut), (1, 1, 0));
    assert_eq!(client.next().await.unwrap(), None);
}

async fn a_conversation_may_end_by_a_signal_of_its_own<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let over = Shutdown::new();
    let ends = over.clone();
    let with_an_end = move |lines: Framed<N::TcpStream, Lines>, cx: Context| echo(lines.until(ends.signal()), cx);
    let server = Server::new(&network).serve_framed(listener, Lines::new(), with_an_end);
    let mut client = client(&network, &server).await;
    assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
    over.begin();
    report(&network, &server, |report| report.completed == 1).await;
    assert_eq!(client.next().await.unwrap(), None);
}

async fn what_has_come_is_answered_before_the_server_ends<N: Network>(network: N) {
    // Handlers that are in the middle of many requests when the shutdown begins.
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let slow = |mut lines: Framed<N::TcpStream, Lines>, cx: Context| async move {
        while let Some(line) = lines.next().await? {
            sleep(&cx, Duration::from_micros(200)).await;
            lines.send(line).await?;
        }
        io::Result::Ok(())
    };
    let server = Server::new(&network).serve_framed(listener, Lines::new(), slow);
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = client(&network, &server).await;
        assert_eq!(ask(&mut client, "ready").await.unwrap(), "ready");
        for number in 0..50 {
            client.send(number.to_string()).await.unwrap();
        }
        client.flush().await.unwrap();
        // One reply shows that the batch has been read.
        assert_eq!(client.next().await.unwrap().unwrap(), "0");
        clients.push(client);
    }
    let report = server.shutdown().await;
    assert_eq!((report.drained, report.cut), (10, 0));
    for client in &mut clients {
        for number in 1..50 {
            assert_eq!(client.next().await.unwrap(), Some(number.to_string()));
        }
        assert_eq!(client.next().await.unwrap(), None);
    }
}

async fn who_has_just_come_is_answered_while_the_server_drains<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&clock).serve_framed(listener, Lines::new(), echo);
    let mut client = client(&network, &server).await;
    report(&network, &server, |report| report.active == 1).await;
    let handle = server.handle();
    let ended = network.spawn(server.shutdown());
    while handle.is_ready() {
        sleep(&network, Duration::from_millis(1)).await;
    }
    // Its first request is taken; once answered, it is as idle as any.
    assert_eq!(ask(&mut client, "just in time").await.unwrap(), "just in time");
    assert_eq!(client.next().await.unwrap(), None);
    let report = ended.await.unwrap();
    assert_eq!((report.drained, report.cut), (1, 0));
}

async fn who_says_nothing_does_not_hold_up_the_end<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&clock)
        .drain_deadline(LONG)
        .serve_framed(listener, Lines::new(), echo);
    let mut client = client(&network, &server).await;
    report(&network, &server, |report| report.active == 1).await;
    let report = shutdown_within_grace(&network, &clock, server).await;
    assert_eq!((report.drained, report.cut), (1, 0));
    assert_eq!(client.next().await.unwrap(), None);
}

async fn a_handler_that_does_not_finish_is_cut_at_the_deadline<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let stuck = |stream: Watched<N::TcpStream>, _: Context| async move {
        let _held = stream;
        pending::<io::Result<()>>().await
    };
    let server = Server::new(&network)
        .drain_deadline(Duration::ZERO)
        .serve(listener, stuck);
    let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    report(&network, &server, |report| report.active == 1).await;
    let report = server.shutdown().await;
    assert_eq!((report.cut, report.drained, report.active), (1, 0, 0));
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

async fn a_dropped_server_cuts_its_connections<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let mut client = client(&network, &server).await;
    assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
    drop(server);
    assert_eq!(client.next().await.unwrap(), None);
}

async fn a_drained_server_refuses_connections<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network));
    let target = server.local_addr().unwrap().to_string();
    server.shutdown().await;
    let error = connect(&network, &target).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
}
