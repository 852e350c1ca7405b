//! The two halves of a connection, on two tasks.

use futures_lite::future::{yield_now, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Runtime, Split};

use crate::pattern::Pattern;
use crate::steps::{close, expect_bytes, expect_end, send};
use crate::transport::Transport;

/// Megabytes in both directions at once, over four tasks.
pub async fn full_duplex_on_four_tasks<T: Transport>(transport: T) {
    const LENGTH: u64 = 8 << 20;
    let rt = transport.runtime();
    let (client, server) = transport.pair().await;
    let ((client_reader, client_writer), (server_reader, server_writer)) = (client.split(), server.split());
    let tasks = [
        rt.spawn(send_all(client_writer, Pattern::new(1), LENGTH)),
        rt.spawn(send_all(server_writer, Pattern::new(2), LENGTH)),
        rt.spawn(receive_all(server_reader, Pattern::new(1), LENGTH)),
        rt.spawn(receive_all(client_reader, Pattern::new(2), LENGTH)),
    ];
    for task in tasks {
        task.await.expect("a half's task must not fail");
    }
}

/// A dropped write half sends the end of the stream; the read half goes on.
pub async fn a_dropped_write_half_ends_the_stream<T: Transport>(transport: T) {
    let (client, mut server) = transport.pair().await;
    let (mut reader, mut writer) = client.split();
    send(&mut writer, b"request").await;
    drop(writer);
    expect_bytes(&mut server, b"request").await;
    expect_end(&mut server).await;
    server
        .write_all(b"answer")
        .await
        .expect("the other direction must stay open");
    expect_bytes(&mut reader, b"answer").await;
}

/// A closed write half sends the end of the stream too, once, however often it is closed and then dropped.
pub async fn a_closed_write_half_ends_the_stream<T: Transport>(transport: T) {
    let (client, mut server) = transport.pair().await;
    let (mut reader, mut writer) = client.split();
    close(&mut writer).await;
    writer.close().await.expect("closing again must succeed");
    expect_end(&mut server).await;
    let written = writer.write(b"too late").await;
    assert!(written.is_err(), "a write after close must fail: {written:?}");
    drop(writer);
    server
        .write_all(b"answer")
        .await
        .expect("the other direction must stay open");
    expect_bytes(&mut reader, b"answer").await;
}

/// A dropped read half tells the peer nothing: it may send, and it goes on receiving.
pub async fn a_dropped_read_half_tells_nothing<T: Transport>(transport: T) {
    let (client, mut server) = transport.pair().await;
    let (reader, mut writer) = client.split();
    drop(reader);
    for _ in 0..10 {
        server
            .write_all(b"to nobody")
            .await
            .expect("the peer must not notice a dropped read half");
        writer
            .write_all(b"to the peer")
            .await
            .expect("the write half must go on");
        expect_bytes(&mut server, b"to the peer").await;
    }
    // Not dropped: with both halves gone, what nobody has read makes a reset of the end.
    close(&mut writer).await;
    expect_end(&mut server).await;
}

/// When both halves are dropped the connection is gone, in whichever order.
pub async fn two_dropped_halves_end_the_connection<T: Transport>(transport: T) {
    for read_first in [true, false] {
        let (client, mut server) = transport.pair().await;
        let (reader, writer) = client.split();
        if read_first {
            drop(reader);
            drop(writer);
        } else {
            drop(writer);
            drop(reader);
        }
        expect_end(&mut server).await;
        // Written to nobody: the system says so sooner or later.
        while server.write(b"anybody there?").await.is_ok() {
            yield_now().await;
        }
    }
}

/// The halves wait for their directions apart, each on a task of its own.
pub async fn halves_wait_apart<T: Transport>(transport: T) {
    let rt = transport.runtime();
    let (client, mut server) = transport.pair().await;
    let (mut reader, mut writer) = client.split();
    let reading = rt.spawn(async move { expect_bytes(&mut reader, b"answer").await });
    // More than the buffers hold, so that it waits.
    let bytes = Pattern::new(1).take(16 << 20);
    let writing = rt.spawn(async move {
        writer
            .write_all(&bytes)
            .await
            .expect("a write must go on once the peer reads");
        writer
    });
    server
        .write_all(b"answer")
        .await
        .expect("the other direction must not be held up");
    reading
        .await
        .expect("a waiting reader must be woken while the writer waits");
    receive_all(&mut server, Pattern::new(1), 16 << 20).await;
    drop(writing.await.expect("the writing task must not fail"));
}

/// A half that has ended its direction does not end the other's wait.
pub async fn the_end_of_one_half_leaves_the_other_waiting<T: Transport>(transport: T) {
    let rt = transport.runtime();
    let (client, mut server) = transport.pair().await;
    let (mut reader, writer) = client.split();
    let reading = rt.spawn(async move {
        expect_bytes(&mut reader, b"late answer").await;
        expect_end(&mut reader).await;
    });
    drop(writer);
    expect_end(&mut server).await;
    let answer = async {
        server
            .write_all(b"late answer")
            .await
            .expect("the other direction must stay open");
        close(&mut server).await;
    };
    let ((), read) = zip(answer, reading).await;
    read.expect("the reading task must not fail");
}

async fn send_all<W: AsyncWriteExt + Unpin>(mut writer: W, mut pattern: Pattern, length: u64) {
    while pattern.offset() < length {
        let chunk = pattern.take(64 << 10);
        send(&mut writer, &chunk).await;
    }
}

/// Reads `length` bytes. Whoever gave a half away also reads its end, when the sending half is dropped.
async fn receive_all<R: AsyncReadExt + Unpin>(mut reader: R, mut pattern: Pattern, length: u64) {
    let mut buf = vec![0; 64 << 10];
    while pattern.offset() < length {
        let read = reader.read(&mut buf).await.expect("reading what was sent must succeed");
        assert_ne!(read, 0, "the stream must not end before its writer ends it");
        pattern.expect(&buf[..read]);
    }
}
