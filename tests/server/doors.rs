//! Several protocols on one port, told apart by their first bytes.

use std::io;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::{Detection, LengthDelimited, Lines, bytes::Bytes};
use wirework::{
    Connection, Context, Deadline, Deadlines, Doors, Framed, FramedDoor, Network, RawDoor, Report, RunningServer,
    Runtime, Server, ServiceDoor, Watched, connect,
};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{LONG, report, shutdown_within_grace};

on_each_runtime![
    the_first_bytes_choose_the_door,
    what_is_of_no_protocol_fails,
    who_does_not_say_what_it_is_misses_the_handshake_deadline,
    no_more_is_looked_at_than_allowed,
    the_last_door_is_for_all_others,
    a_silent_peer_does_not_hold_up_the_end,
];

async fn raw<C: Connection>(mut stream: Watched<C>, _: Context) -> io::Result<()> {
    let mut request = [0; 5];
    stream.read_exact(&mut request).await?;
    stream.write_all(b"raw:").await?;
    stream.write_all(&request).await?;
    stream.close().await
}

async fn framed<C: Connection>(mut frames: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some(frame) = frames.next().await? {
        frames.send(Bytes::from([b"framed:", &frame[..]].concat())).await?;
    }
    Ok(())
}

async fn service(line: String) -> io::Result<String> {
    Ok(format!("service:{line}"))
}

fn letter(first: &[u8]) -> Detection {
    match first.first() {
        None => Detection::NeedMore,
        Some(byte) if byte.is_ascii_alphabetic() => Detection::Detected,
        Some(_) => Detection::NotMine,
    }
}

fn serve<N: Network, R: Runtime>(network: &N, server: Server<R>) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let doors = Doors::new()
        .door(|first: &[u8]| Detection::of_magic(b"RAW!!", first), RawDoor::new(raw))
        .door(
            |first: &[u8]| Detection::of_magic(&[0, 0, 0], first),
            FramedDoor::new(LengthDelimited::new(), framed),
        )
        .door(letter, ServiceDoor::new(Lines::new(), service));
    server.serve_doors(listener, doors)
}

async fn exchange<N: Network>(network: &N, server: &RunningServer, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = connect(network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    for piece in pieces {
        stream.write_all(piece).await.unwrap();
    }
    stream.close().await.unwrap();
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    reply
}

async fn the_first_bytes_choose_the_door<N: Network>(network: N) {
    let server = serve(&network, Server::new(&network));
    for (input, reply) in [
        (&b"RAW!!"[..], &b"raw:RAW!!"[..]),
        (b"\0\0\0\x02hi", b"\0\0\0\x09framed:hi"),
        (b"RAWHIDE\nb\n", b"service:RAWHIDE\nservice:b\n"),
        // Who is cut short is of the next protocol that it could be.
        (b"RAW\n", b"service:RAW\n"),
    ] {
        for split in 0..=input.len() {
            let (first, second) = input.split_at(split);
            let answer = exchange(&network, &server, &[first, second]).await;
            assert_eq!(answer, reply, "split at {split}");
        }
    }
    let report = report(&network, &server, |report| report.active == 0).await;
    assert_eq!(report.failed, 0);
}

async fn what_is_of_no_protocol_fails<N: Network>(network: N) {
    let server = serve(&network, Server::new(&network));
    for input in [&b"\x16\x03\x01"[..], b"\0\0", b""] {
        assert_eq!(exchange(&network, &server, &[input]).await, b"");
    }
    // One that has ended is counted as such before it is no longer active.
    report(&network, &server, |report| report.failed == 3 && report.active == 0).await;
}

async fn who_does_not_say_what_it_is_misses_the_handshake_deadline<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limit = Duration::from_mins(1);
    let deadlines = Deadlines::none().handshake(limit);
    let server = serve(&network, Server::new(&clock).deadlines(deadlines));
    let target = server.local_addr().unwrap().to_string();
    let mut slow = connect(&network, &target).await.unwrap();
    slow.write_all(b"RAW").await.unwrap();
    let mut known = connect(&network, &target).await.unwrap();
    known.write_all(b"hello\n").await.unwrap();
    let mut reply = [0; 14];
    known.read_exact(&mut reply).await.unwrap();
    report(&network, &server, |report| report.active == 2).await;
    clock.advance(limit).await;
    let wanted = |report: &Report| report.timed_out == 1 && report.active == 1;
    let report = report(&network, &server, wanted).await;
    assert_eq!(report.missed(Deadline::Handshake), 1);
    assert_eq!(slow.read(&mut [0]).await.unwrap_or(0), 0);
}

async fn no_more_is_looked_at_than_allowed<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let (longest, seen) = async_channel::unbounded();
    let greedy = move |first: &[u8]| {
        longest.try_send(first.len()).unwrap();
        Detection::NeedMore
    };
    let doors = Doors::new()
        .max_bytes(700)
        .door(greedy, RawDoor::new(raw))
        .otherwise(ServiceDoor::new(Lines::new(), service));
    let server = Server::new(&network).serve_doors(listener, doors);
    let line = [&[b'x'; 2000][..], b"\n"].concat();
    let answer = exchange(&network, &server, &[&line]).await;
    assert_eq!(answer, [b"service:", &line[..]].concat());
    let mut most = 0;
    while let Ok(len) = seen.try_recv() {
        most = most.max(len);
    }
    assert_eq!(most, 700);
}

async fn the_last_door_is_for_all_others<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let doors = Doors::new()
        .door(|first: &[u8]| Detection::of_magic(b"RAW!!", first), RawDoor::new(raw))
        .otherwise(ServiceDoor::new(Lines::new(), service));
    let server = Server::new(&network).serve_doors(listener, doors);
    assert_eq!(exchange(&network, &server, &[b"?\n"]).await, b"service:?\n");
    assert_eq!(exchange(&network, &server, &[b"RAW", b"!!"]).await, b"raw:RAW!!");
    // It ends as that protocol does.
    assert_eq!(exchange(&network, &server, &[b""]).await, b"");
    let report = report(&network, &server, |report| report.completed == 3).await;
    assert_eq!(report.failed, 0);
}

async fn a_silent_peer_does_not_hold_up_the_end<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let server = serve(&network, Server::new(&clock).drain_deadline(LONG));
    let _silent = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    report(&network, &server, |report| report.active == 1).await;
    let report = shutdown_within_grace(&network, &clock, server).await;
    assert_eq!((report.completed, report.cut), (1, 0));
}
