//! Looking ahead, and waiting for data without taking it.
//!
//! What tells protocols apart on one port, and what lets an idle connection wait without a buffer.

use std::pin::Pin;

use futures_lite::{AsyncRead, AsyncReadExt};
use wirework::{Connection, Split};

use crate::steps::{close, expect_bytes, expect_end, peek, readable, send};
use crate::transport::Transport;
use crate::wake_counter::WakeCounter;

/// The same bytes come again, on each peek and on the read.
pub async fn the_same_bytes_come_again<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"look ahead").await;
    for length in [4, 1, 4] {
        let mut buf = [0; 4];
        let peeked = peek(&mut server, &mut buf[..length])
            .await
            .expect("peeking must succeed");
        assert_eq!(
            peeked, length,
            "a peek must fill a buffer that is smaller than what has come"
        );
        assert_eq!(
            buf[..peeked],
            b"look"[..peeked],
            "a peek must give the first bytes each time"
        );
    }
    expect_bytes(&mut server, b"look ahead").await;
}

/// A peek after a read gives what comes next.
pub async fn a_peek_goes_on_where_the_read_stopped<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"onetwo").await;
    expect_bytes(&mut server, b"one").await;
    let mut buf = [0; 3];
    let peeked = peek(&mut server, &mut buf).await.expect("peeking must succeed");
    assert_eq!(&buf[..peeked], b"two", "a peek must go on where the read stopped");
    expect_bytes(&mut server, b"two").await;
    let waiting = WakeCounter::new().poll(|cx| server.poll_peek(cx, &mut buf));
    assert!(waiting.is_pending(), "a peek must wait while nothing has come");
}

/// At the end of the stream a peek gives nothing, and the read says the same.
pub async fn the_end_is_zero<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"last").await;
    close(&mut client).await;
    expect_bytes(&mut server, b"last").await;
    for _ in 0..2 {
        let peeked = peek(&mut server, &mut [0; 8])
            .await
            .expect("peeking at the end must succeed");
        assert_eq!(peeked, 0, "a peek at the end must give nothing");
    }
    expect_end(&mut server).await;
}

/// A peek that waits is woken by data, and by the end.
pub async fn a_waiting_peek_is_woken<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let task = WakeCounter::new();
    let polled = task.poll(|cx| server.poll_peek(cx, &mut [0; 8]));
    assert!(polled.is_pending(), "a peek must wait while nothing has come");
    send(&mut client, b"data").await;
    task.woken().await;
    expect_bytes(&mut server, b"data").await;

    let task = WakeCounter::new();
    let polled = task.poll(|cx| server.poll_peek(cx, &mut [0; 8]));
    assert!(polled.is_pending(), "a peek must wait while nothing has come");
    close(&mut client).await;
    task.woken().await;
    expect_end(&mut server).await;
}

/// What was peeked is read by the half, after the connection has been taken apart.
pub async fn what_was_peeked_survives_a_split<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"greeting").await;
    peek(&mut server, &mut [0; 4]).await.expect("peeking must succeed");
    let (mut reader, _writer) = server.split();
    expect_bytes(&mut reader, b"greeting").await;
}

/// Readiness comes with data, and takes none.
pub async fn readable_with_data<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"ping").await;
    for _ in 0..3 {
        readable(&mut server).await.expect("waiting for data must succeed");
    }
    expect_bytes(&mut server, b"ping").await;
}

/// Readiness comes with the end of the stream.
pub async fn readable_at_the_end<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    close(&mut client).await;
    for _ in 0..3 {
        readable(&mut server).await.expect("waiting for the end must succeed");
    }
    expect_end(&mut server).await;
    readable(&mut server).await.expect("the end must stay readable");
}

/// With nothing there readiness waits, and is woken by data.
pub async fn readable_waits_for_data<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"ping").await;
    expect_bytes(&mut server, b"ping").await;
    let task = WakeCounter::new();
    // It may be too soon once, after a read that filled its buffer. Then the read says that nothing is there.
    if task.poll(|cx| server.poll_readable(cx)).is_ready() {
        let read = task.poll(|cx| Pin::new(&mut server).poll_read(cx, &mut [0; 8]));
        assert!(read.is_pending(), "a read must wait while nothing has come");
        let readable = task.poll(|cx| server.poll_readable(cx));
        assert!(
            readable.is_pending(),
            "readiness must wait after a read that found nothing"
        );
    }
    send(&mut client, b"pong").await;
    task.woken().await;
    readable(&mut server).await.expect("waiting for data must succeed");
    let mut buf = [0; 8];
    let read = server.read(&mut buf).await.expect("reading what was sent must succeed");
    assert_eq!(&buf[..read], b"pong", "readiness must take nothing");
}
