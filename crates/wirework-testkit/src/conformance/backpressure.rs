//! A slow reader slows its writer down, and nothing is lost.

use std::pin::Pin;
use std::task::Poll;

use futures_lite::future::poll_once;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wirework::Runtime;

use crate::fill::fill;
use crate::pattern::Pattern;
use crate::steps::{close, expect_bytes, expect_end};
use crate::transport::Transport;
use crate::wake_counter::WakeCounter;

/// A writer whose peer does not read waits after a bounded number of bytes, and goes on once the peer reads.
pub async fn a_writer_waits_and_goes_on<T: Transport>(transport: T) {
    const MORE: usize = 1 << 20;
    let (mut client, mut server) = transport.pair().await;
    let mut sent = Pattern::new(1);
    fill(&mut client, &mut sent).await;
    let more = sent.peek(MORE);
    let writer = transport.runtime().spawn(async move {
        client
            .write_all(&more)
            .await
            .expect("a write must go on once the peer reads");
        close(&mut client).await;
    });
    receive_to(&mut server, &mut Pattern::new(1), sent.offset() + MORE as u64).await;
    expect_end(&mut server).await;
    writer.await.expect("the writing task must not fail");
}

/// A writer that waits is woken when the peer reads.
pub async fn a_waiting_writer_is_woken<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let mut sent = Pattern::new(1);
    let writer = WakeCounter::new();
    // A chunk that is taken after all moves the point from which the writer waits.
    loop {
        fill(&mut client, &mut sent).await;
        let chunk = sent.peek(4096);
        match writer.poll(|cx| Pin::new(&mut client).poll_write(cx, &chunk)) {
            Poll::Pending => break,
            Poll::Ready(written) => sent.advance(written.expect("writing to a connected peer must succeed")),
        }
    }
    let mut received = Pattern::new(1);
    receive_to(&mut server, &mut received, sent.offset()).await;
    writer.woken().await;
    // What was pending has not happened.
    client
        .write_all(&sent.take(4096))
        .await
        .expect("a write must go on once the peer reads");
    receive_to(&mut server, &mut received, sent.offset()).await;
}

/// A pending write that is given up has sent nothing, and leaves its place to whatever is written next.
pub async fn a_dropped_write_sends_nothing<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let mut sent = Pattern::new(1);
    fill(&mut client, &mut sent).await;
    let mut after = Vec::new();
    for attempt in 0..10 {
        let bytes = [attempt; 1000];
        // Taken after all, if room was made meanwhile; then it must arrive.
        if let Some(written) = poll_once(client.write(&bytes)).await {
            let written = written.expect("writing to a connected peer must succeed");
            after.extend_from_slice(&bytes[..written]);
        }
    }
    receive_to(&mut server, &mut Pattern::new(1), sent.offset()).await;
    after.extend_from_slice(b"in their place");
    client
        .write_all(b"in their place")
        .await
        .expect("a write must go on once the peer reads");
    close(&mut client).await;
    expect_bytes(&mut server, &after).await;
    expect_end(&mut server).await;
}

/// A waiting writer does not keep its own connection from being read.
pub async fn a_full_connection_can_be_read<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    fill(&mut client, &mut Pattern::new(1)).await;
    let writer = WakeCounter::new();
    // Pending or not: what matters is that it may wait.
    let _ = writer.poll(|cx| Pin::new(&mut client).poll_write(cx, b"more"));
    server
        .write_all(b"answer")
        .await
        .expect("the other direction must not be held up");
    expect_bytes(&mut client, b"answer").await;
}

/// Reads up to a position of `received`.
async fn receive_to<R: AsyncRead + Unpin>(reader: &mut R, received: &mut Pattern, end: u64) {
    let mut buf = vec![0; 64 << 10];
    while received.offset() < end {
        let wanted = usize::try_from(end - received.offset()).map_or(buf.len(), |left| left.min(buf.len()));
        let read = reader
            .read(&mut buf[..wanted])
            .await
            .expect("reading what was sent must succeed");
        assert_ne!(read, 0, "the stream must not end before its writer ends it");
        received.expect(&buf[..read]);
    }
}
