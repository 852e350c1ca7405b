//! The end of a connection whose peer is still sending: its last reply has to arrive.

use std::io;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::Lines;
use wirework::{Connection, Context, Framed, Linger, Network, RunningServer, Server, Watched, connect, memory};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::report;

on_each_runtime![
    frames_that_were_sent_last_arrive,
    bytes_that_were_sent_last_arrive,
    a_service_that_fails_has_its_earlier_replies_arrive,
    a_peer_that_does_not_close_is_given_a_second,
    a_peer_that_goes_on_sending_is_given_so_many_bytes,
    who_has_closed_already_is_not_waited_for,
];

/// More than the peer takes without reading, so that the rest waits in this end's system.
const LONG: usize = 1 << 20;

/// More than all systems on the way hold, so that it is not sent unless it is read.
const FLOOD: usize = 14 << 20;

fn long_reply() -> String {
    "x".repeat(LONG)
}

/// A server whose clock stands still: however slow the peer is, it is in time.
fn patient<N: Network>(network: &N) -> Server<ManualClock<N>> {
    Server::new(&ManualClock::new(network))
}

fn listen<N: Network>(network: &N) -> N::TcpListener {
    network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap()
}

/// Asks, floods the server with what nobody will read, and only then reads the reply.
async fn all_of_the_reply_comes<N: Network>(network: &N, server: &RunningServer) {
    let mut stream = connect(network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    stream.write_all(b"ask\n").await.unwrap();
    let line = [b'y'; 1024];
    for _ in 0..FLOOD / line.len() {
        // A reset here would be found out below.
        if stream.write_all(&line).await.is_err() {
            break;
        }
    }
    let mut reply = Vec::new();
    let end = stream.read_to_end(&mut reply).await;
    assert_eq!(
        (reply.len(), end.map_err(|error| error.kind())),
        (LONG + 1, Ok(LONG + 1))
    );
    drop(stream);
    report(network, server, |report| report.active == 0).await;
}

async fn frames_that_were_sent_last_arrive<N: Network>(network: N) {
    async fn turn_away<C: Connection>(mut lines: Framed<C, Lines>, cx: Context) -> io::Result<()> {
        lines.next().await?;
        lines.send(long_reply()).await?;
        lines.finish(&cx).await
    }
    let server = patient(&network).serve_framed(listen(&network), Lines::new().max_len(LONG), turn_away);
    all_of_the_reply_comes(&network, &server).await;
    assert_eq!(server.report().completed, 1);
}

async fn bytes_that_were_sent_last_arrive<N: Network>(network: N) {
    let turn_away = |mut stream: Watched<N::TcpStream>, cx: Context| async move {
        stream.read_exact(&mut [0; 4]).await?;
        stream.write_all(long_reply().as_bytes()).await?;
        stream.write_all(b"\n").await?;
        Linger::new().close(stream, &cx).await
    };
    let server = patient(&network).serve(listen(&network), turn_away);
    all_of_the_reply_comes(&network, &server).await;
    assert_eq!(server.report().completed, 1);
}

async fn a_service_that_fails_has_its_earlier_replies_arrive<N: Network>(network: N) {
    let service = |line: String| async move {
        match line.as_str() {
            "ask" => Ok(long_reply()),
            _ => Err(io::Error::other("what?")),
        }
    };
    // The flood is one line, which is too long, and so an error that ends the conversation.
    let server = patient(&network).serve_service(listen(&network), Lines::new().max_len(LONG), service);
    all_of_the_reply_comes(&network, &server).await;
    assert_eq!(server.report().failed, 1);
}

/// Lingers on one end of a pair, and gives the other.
fn lingering<N: Network>(
    network: &N,
    clock: &ManualClock<N>,
    linger: Linger,
) -> (memory::MemoryStream, Receiver<io::Result<()>>) {
    let (near, far) = memory::pair(1024);
    let (over, ended): (Sender<_>, _) = async_channel::bounded(1);
    let clock = clock.clone();
    let task = network.spawn(async move {
        let closed = linger.close(near, &clock).await;
        over.send(closed).await.unwrap();
    });
    wirework::Task::detach(task);
    (far, ended)
}

async fn a_peer_that_does_not_close_is_given_a_second<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (mut far, ended) = lingering(&network, &clock, Linger::new());
    // It is told the end, and may still speak: more than the pipe holds, so what it says is read, and its time runs.
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    far.write_all(&[b'x'; 2000]).await.unwrap();
    clock.advance(Duration::from_millis(999)).await;
    for _ in 0..10 {
        far.write_all(&[b'x'; 2000]).await.unwrap();
    }
    assert!(poll_once(ended.recv()).await.is_none());
    clock.advance(Duration::from_millis(1)).await;
    ended.recv().await.unwrap().unwrap();
    assert_eq!(far.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

async fn a_peer_that_goes_on_sending_is_given_so_many_bytes<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (mut far, ended) = lingering(&network, &clock, Linger::new().max_bytes(100_000));
    let mut sent = 0;
    while let Ok(count) = far.write(&[b'x'; 1000]).await {
        sent += count;
    }
    ended.recv().await.unwrap().unwrap();
    // The last read may take more, and what the pipe holds then is not read.
    assert!((100_000..100_000 + 2 * 1024).contains(&sent), "{sent}");
}

async fn who_has_closed_already_is_not_waited_for<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (near, mut far) = memory::pair(1024);
    let mut near = Framed::new(near, Lines::new());
    far.close().await.unwrap();
    assert_eq!(near.next().await.unwrap(), None);
    near.send("farewell").await.unwrap();
    near.finish(&clock).await.unwrap();
    let mut heard = String::new();
    far.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "farewell\n");
}
