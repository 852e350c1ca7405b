//! Ending one direction while the other goes on.
//!
//! Without this a client cannot say "that was my request" and still read the answer. async-std's `close` and that of a
//! bare `async_io::Async` send no end of the stream at all.

use std::io;
use std::net::Shutdown;

use futures_lite::future::zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Connection, Runtime};

use crate::fill::fill;
use crate::pattern::Pattern;
use crate::reset::reset_by;
use crate::steps::{close, expect_bytes, expect_end, readable, send};
use crate::transport::Transport;

/// The client ends its side first; the server still answers at length.
pub async fn client_first<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"request").await;
    close(&mut client).await;
    expect_bytes(&mut server, b"request").await;
    expect_end(&mut server).await;
    let answer = Pattern::new(1).take(300_000);
    let send = async {
        server
            .write_all(&answer)
            .await
            .expect("the other direction must stay open");
        close(&mut server).await;
    };
    let receive = async {
        expect_bytes(&mut client, &answer).await;
        expect_end(&mut client).await;
    };
    zip(send, receive).await;
}

/// The server ends its side first; the client still sends.
pub async fn server_first<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    close(&mut server).await;
    expect_end(&mut client).await;
    client
        .write_all(b"a last word")
        .await
        .expect("the other direction must stay open");
    close(&mut client).await;
    expect_bytes(&mut server, b"a last word").await;
    expect_end(&mut server).await;
}

/// Both end their side at once, and both see the other's end.
pub async fn both_at_once<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let (first, second) = zip(client.close(), server.close()).await;
    first.expect("closing must succeed");
    second.expect("closing must succeed");
    zip(expect_end(&mut client), expect_end(&mut server)).await;
}

/// Closing again succeeds and does nothing, before and after the peer has closed too.
pub async fn close_is_idempotent<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    close(&mut client).await;
    client.close().await.expect("closing again must succeed");
    expect_end(&mut server).await;
    server
        .write_all(b"late")
        .await
        .expect("the other direction must stay open");
    close(&mut server).await;
    client
        .close()
        .await
        .expect("closing again must not take the other direction down");
    expect_bytes(&mut client, b"late").await;
    expect_end(&mut client).await;
    client.close().await.expect("closing after both ends must succeed");
    drop(server);
    client
        .close()
        .await
        .expect("closing after the peer is gone must succeed");
}

/// Closing a connection that the peer has reset succeeds: it is as closed as can be.
pub async fn close_after_a_reset_succeeds<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    let read = client.read(&mut [0; 8]).await;
    assert!(read.is_err(), "a reset must be an error, never an end: {read:?}");
    client
        .close()
        .await
        .expect("closing a connection that was reset must succeed");
    client.close().await.expect("closing it again must succeed");
    client.shutdown(Shutdown::Both).expect("shutting it down must succeed");
}

/// The same where nobody has seen the reset yet.
pub async fn close_before_a_reset_is_seen_succeeds<T: Transport>(transport: T) {
    let (mut client, server) = transport.pair().await;
    reset_by(&mut client, server).await;
    readable(&mut client)
        .await
        .expect("a reset must be left to the next read");
    client
        .close()
        .await
        .expect("closing a connection that was reset must succeed");
    client.shutdown(Shutdown::Write).expect("shutting it down must succeed");
}

/// All that was accepted arrives before the end that `close` sends.
pub async fn close_sends_everything_first<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let mut sent = Pattern::new(1);
    fill(&mut client, &mut sent).await;
    let close = async { close(&mut client).await };
    zip(close, expect_pattern(&mut server, &sent)).await;
}

/// All that was accepted arrives, and then the end, when a connection is dropped.
pub async fn drop_sends_everything_first<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let mut sent = Pattern::new(1);
    fill(&mut client, &mut sent).await;
    drop(client);
    expect_pattern(&mut server, &sent).await;
}

/// A write after one's own end is an error.
pub async fn a_write_after_close_fails<T: Transport>(transport: T) {
    let (mut client, _server) = transport.pair().await;
    close(&mut client).await;
    let error = client
        .write(b"too late")
        .await
        .expect_err("a write after close must fail");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "wrong kind of error: {error}");
}

/// Shutting the write side down is seen by the peer as the end, and leaves the read side open.
pub async fn shutdown_write_ends_one_direction<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    client.shutdown(Shutdown::Write).expect("shutting down must succeed");
    expect_end(&mut server).await;
    server
        .write_all(b"still open")
        .await
        .expect("the other direction must stay open");
    expect_bytes(&mut client, b"still open").await;
    client.close().await.expect("closing after a shutdown must succeed");
}

/// Shutting the read side down ends one's own reading, and leaves the write side open.
pub async fn shutdown_read_ends_one_direction<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    client.shutdown(Shutdown::Read).expect("shutting down must succeed");
    expect_end(&mut client).await;
    client
        .write_all(b"still open")
        .await
        .expect("the other direction must stay open");
    expect_bytes(&mut server, b"still open").await;
}

/// Shutting both sides down ends both, and wakes a task that waits for data.
pub async fn shutdown_both_ends_everything<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let waiting = transport.runtime().spawn(async move {
        expect_end(&mut server).await;
        server.shutdown(Shutdown::Both).expect("shutting down must succeed");
        server
    });
    client.shutdown(Shutdown::Both).expect("shutting down must succeed");
    client
        .shutdown(Shutdown::Both)
        .expect("shutting down again must succeed");
    expect_end(&mut client).await;
    let error = client
        .write(b"too late")
        .await
        .expect_err("a write after the end must fail");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "wrong kind of error: {error}");
    drop(waiting.await.expect("the waiting task must not fail"));
    client
        .shutdown(Shutdown::Both)
        .expect("shutting down after the peer is gone must succeed");
}

async fn expect_pattern<C: Connection>(connection: &mut C, sent: &Pattern) {
    let mut received = Pattern::new(1);
    let mut buf = vec![0; 64 << 10];
    loop {
        match connection
            .read(&mut buf)
            .await
            .expect("what was accepted must arrive, not be reset")
        {
            0 => break,
            read => received.expect(&buf[..read]),
        }
    }
    assert_eq!(
        received.offset(),
        sent.offset(),
        "all that was accepted must arrive before the end"
    );
}
