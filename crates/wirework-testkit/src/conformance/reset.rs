//! A connection that the peer tore down is told apart from one that it ended.
//!
//! A protocol that took one for the other would take a cut-off message for a whole one.

use std::io;
use std::pin::Pin;

use futures_lite::future::{yield_now, zip};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use wirework::Connection;

use crate::fill::fill;
use crate::pattern::Pattern;
use crate::reset::reset_by;
use crate::steps::{expect_bytes, peek, readable, send};
use crate::transport::Transport;
use crate::wake_counter::WakeCounter;

/// A read of a connection that was reset is an error, not the end.
pub async fn a_reset_is_not_the_end<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    assert_reset(client.read(&mut [0; 8]).await);
}

/// What had arrived before the reset can still be read, as on Linux.
pub async fn bytes_before_a_reset_are_readable<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut server, b"last words").await;
    let arrived = peek(&mut client, &mut [0; 16])
        .await
        .expect("bytes that were sent must arrive");
    assert_ne!(arrived, 0, "a connected peer's stream must not be at its end");
    reset_by(&mut client, server).await;
    expect_bytes(&mut client, b"last words").await;
    assert_reset(client.read(&mut [0; 8]).await);
}

/// Writes to a connection that was reset come to fail, and the process lives on (no SIGPIPE).
pub async fn writes_after_a_reset_fail<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    assert_writes_fail(&mut client).await;
}

/// The same after a reset that a read has already reported.
pub async fn writes_after_a_reset_was_read_fail<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    assert_reset(client.read(&mut [0; 8]).await);
    assert_writes_fail(&mut client).await;
}

/// Readiness tells of a reset without using it up: the read that follows still reports it.
pub async fn readiness_leaves_the_reset_to_the_read<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    for _ in 0..3 {
        readable(&mut client)
            .await
            .expect("a reset must be left to the next read");
    }
    assert_reset(client.read(&mut [0; 8]).await);
}

/// A peek reports a reset too.
pub async fn a_peek_reports_the_reset<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    assert_reset(peek(&mut client, &mut [0; 8]).await);
}

/// A task that waits for data is woken by a reset.
pub async fn wakes_a_waiting_reader<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    let reader = WakeCounter::new();
    let polled = reader.poll(|cx| Pin::new(&mut client).poll_read(cx, &mut [0; 8]));
    assert!(polled.is_pending(), "a read must wait while nothing has come");
    reset_by(&mut client, server).await;
    reader.woken().await;
    assert_reset(client.read(&mut [0; 8]).await);
}

/// A task that waits for room to write is woken by a reset.
pub async fn wakes_a_waiting_writer<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    fill(&mut client, &mut Pattern::new(1)).await;
    let arrived = peek(&mut server, &mut [0; 8])
        .await
        .expect("bytes that were sent must arrive");
    assert_ne!(arrived, 0, "a connected peer's stream must not be at its end");
    let writer = async {
        let bytes = [0; 4096];
        loop {
            if let Err(error) = client.write(&bytes).await {
                break error;
            }
        }
    };
    let dropping = async {
        // The writer is polled first, and waits by now.
        yield_now().await;
        drop(server);
    };
    let (error, ()) = zip(writer, dropping).await;
    assert_torn_down(&error);
}

fn assert_reset(read: io::Result<usize>) {
    match read {
        Ok(0) => panic!("a reset must be an error, never the end of the stream"),
        Ok(read) => panic!("{read} bytes came that nobody sent"),
        Err(error) => assert_eq!(
            error.kind(),
            io::ErrorKind::ConnectionReset,
            "wrong kind of error: {error}"
        ),
    }
}

/// The first write may come before the reset does. But they must not go on for ever.
async fn assert_writes_fail<C: Connection>(connection: &mut C) {
    for _ in 0..2 {
        let error = loop {
            if let Err(error) = connection.write(b"anybody there?").await {
                break error;
            }
            yield_now().await;
        };
        assert_torn_down(&error);
    }
}

fn assert_torn_down(error: &io::Error) {
    let torn_down = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    assert!(torn_down.contains(&error.kind()), "wrong kind of error: {error}");
}
