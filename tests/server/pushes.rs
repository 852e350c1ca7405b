//! Frames that nobody asked for: between the replies, when there is no room for them, and at the end.

use std::io;
use std::net::Shutdown as How;

use futures_lite::future;
use wirework::codec::{Frame, LengthDelimited, Lines};
use wirework::{Connection, Framed, Network, Server, Session, Task, TryPushError};
use wirework_tests::on_each_runtime;

use crate::service::send_all;
use crate::{ask, client, report};

on_each_runtime![
    a_session_knows_its_peer_and_pushes,
    a_push_that_finds_no_room_says_so,
    what_was_pushed_leaves_before_the_end,
    what_was_pushed_leaves_before_a_reply_that_cannot,
    a_push_that_cannot_be_encoded_ends_it,
    whoever_pushes_without_end_does_not_hold_it_up,
];

async fn a_session_knows_its_peer_and_pushes<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let (sessions, opened) = async_channel::unbounded();
    let new = move |session: Session<String>| {
        sessions.try_send(session.clone()).unwrap();
        move |line: String| {
            let peer = session.context().peer().clone();
            async move { io::Result::Ok(format!("{line} from {peer}")) }
        }
    };
    let server = Server::new(&network).serve_sessions(listener, Lines::new(), new);
    let mut client = client(&network, &server).await;
    let session = opened.recv().await.unwrap();
    for number in 0..10 {
        session.push(format!("push {number}")).await.unwrap();
        assert_eq!(client.next().await.unwrap(), Some(format!("push {number}")));
    }
    let own = client.connection().local_addr().unwrap();
    assert_eq!(ask(&mut client, "hello").await, Some(format!("hello from {own}")));
    drop(client);
    report(&network, &server, |report| report.active == 0).await;
    assert_eq!(
        session.push(String::new()).await.unwrap_err().kind(),
        io::ErrorKind::BrokenPipe
    );
    let ended = session.try_push("back".to_string()).unwrap_err();
    assert_eq!(ended, TryPushError::Ended("back".to_string()));
    assert_eq!(ended.clone().into_inner(), "back");
    assert_eq!(io::Error::from(ended).kind(), io::ErrorKind::BrokenPipe);
}

async fn a_push_that_finds_no_room_says_so<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let (sessions, opened) = async_channel::unbounded();
    let new = move |session: Session<String>| {
        sessions.try_send(session).unwrap();
        |line: String| async move { io::Result::Ok(line) }
    };
    let server = Server::new(&network).serve_sessions(listener, Lines::new(), new);
    let mut client = client(&network, &server).await;
    let session = opened.recv().await.unwrap();
    // The peer does not read, so what it is sent fills all there is on the way, and then waits here.
    let long = |number: usize| format!("{number:->60000}");
    let mut pushed = 0;
    let full = loop {
        match session.try_push(long(pushed)) {
            Ok(()) => pushed += 1,
            // There is room once more when the connection has had its turn.
            Err(TryPushError::Full(_)) if server.handle().connections()[0].unsent == 0 => future::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(full, TryPushError::Full(long(pushed)));
    assert_eq!(io::Error::from(full).kind(), io::ErrorKind::WouldBlock);
    for number in 0..pushed {
        assert_eq!(client.next().await.unwrap(), Some(long(number)));
    }
    session.try_push("once more".to_string()).unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), "once more");
}

async fn what_was_pushed_leaves_before_the_end<N: Network>(network: N) {
    const PUSHES: usize = 60;
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let new = move |session: Session<String>| {
        move |line: String| {
            for number in 0..PUSHES {
                session.try_push(format!("{number:->60000}")).unwrap();
            }
            async move { io::Result::Ok(line) }
        }
    };
    let server = Server::new(&network).serve_sessions(listener, Lines::new(), new);
    let mut client = client(&network, &server).await;
    send_all(&mut client, ["go".to_string()]).await;
    client.connection().shutdown(How::Write).unwrap();
    let mut count = 0;
    while client.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, PUSHES + 1);
    report(&network, &server, |report| report.completed == 1).await;
}

async fn what_was_pushed_leaves_before_a_reply_that_cannot<N: Network>(network: N) {
    let codec = LengthDelimited::new().max_len(10);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let new = move |session: Session<Vec<u8>>| {
        move |request: Frame| {
            for push in [1, 2] {
                session.try_push(vec![push]).unwrap();
            }
            async move { io::Result::Ok(request.repeat(100)) }
        }
    };
    let server = Server::new(&network).serve_sessions(listener, codec.clone(), new);
    let stream = wirework::connect(&network, &server.local_addr().unwrap().to_string()).await;
    let mut client = Framed::new(stream.unwrap(), codec);
    client.send("go").await.unwrap();
    for push in [1, 2] {
        assert_eq!(client.next().await.unwrap().unwrap(), [push]);
    }
    assert!(matches!(client.next().await, Ok(None) | Err(_)));
    report(&network, &server, |report| report.failed == 1).await;
}

async fn a_push_that_cannot_be_encoded_ends_it<N: Network>(network: N) {
    let codec = LengthDelimited::new().max_len(10);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let new = |session: Session<Vec<u8>>| {
        for len in [1, 100, 2] {
            session.try_push(vec![7; len]).unwrap();
        }
        |_: Frame| async { io::Result::Ok(vec![]) }
    };
    let server = Server::new(&network).serve_sessions(listener, codec.clone(), new);
    let stream = wirework::connect(&network, &server.local_addr().unwrap().to_string()).await;
    let mut client = Framed::new(stream.unwrap(), codec);
    for len in [1, 2] {
        assert_eq!(client.next().await.unwrap().unwrap().len(), len);
    }
    assert_eq!(client.next().await.unwrap(), None);
    report(&network, &server, |report| report.failed == 1).await;
}

async fn whoever_pushes_without_end_does_not_hold_it_up<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let pusher = network.clone();
    let new = move |session: Session<String>| {
        let push = async move { while session.push("news".to_string()).await.is_ok() {} };
        pusher.spawn(push).detach();
        |line: String| async move { io::Result::Ok(line) }
    };
    let server = Server::new(&network).serve_sessions(listener, Lines::new(), new);
    let mut client = client(&network, &server).await;
    assert_eq!(client.next().await.unwrap().unwrap(), "news");
    client.connection().shutdown(How::Write).unwrap();
    while client.next().await.unwrap().is_some() {}
    report(&network, &server, |report| report.completed == 1).await;
}
