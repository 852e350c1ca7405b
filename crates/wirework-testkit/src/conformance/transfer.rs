//! Bytes: they arrive once, in order, in both directions, however they are cut into reads and writes.

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::pin::Pin;
use std::sync::Mutex;

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use wirework::{Connection, Runtime};

use crate::pattern::Pattern;
use crate::steps::{close, expect_bytes, expect_end, peek, readable, send};
use crate::transport::Transport;

/// A message goes there and back.
pub async fn echo<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"ping").await;
    expect_bytes(&mut server, b"ping").await;
    send(&mut server, b"pong").await;
    expect_bytes(&mut client, b"pong").await;
}

/// Megabytes in both directions at once, each end served by one task.
pub async fn both_ways_at_once<T: Transport>(transport: T) {
    const LENGTH: u64 = 8 << 20;
    let (client, server) = transport.pair().await;
    let server = transport
        .runtime()
        .spawn(exchange(server, Pattern::new(1), Pattern::new(2), LENGTH));
    let client = exchange(client, Pattern::new(2), Pattern::new(1), LENGTH);
    let (client, server) = zip(client, server).await;
    drop((client, server.expect("the server's task must not fail")));
}

/// Small writes are not lost among one another.
pub async fn many_small_writes<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let writer = transport.runtime().spawn(async move {
        let mut pattern = Pattern::new(1);
        for length in (1..100).cycle().take(2000) {
            let bytes = pattern.take(length);
            send(&mut client, &bytes).await;
        }
        client
    });
    let mut received = Vec::new();
    let mut pattern = Pattern::new(1);
    // 2,000 lengths: 1 to 99, twenty times, and then 1 to 20.
    let total = 20 * (99 * 100 / 2) + 20 * 21 / 2;
    let mut buf = [0; 777];
    while received.len() < total {
        let read = server.read(&mut buf).await.expect("reading what was sent must succeed");
        assert_ne!(read, 0, "the stream must not end before its writer ends it");
        received.extend_from_slice(&buf[..read]);
    }
    pattern.expect(&received);
    drop(writer.await.expect("the writing task must not fail"));
}

/// An empty buffer reads nothing, and that is not the end.
pub async fn an_empty_buffer_reads_nothing<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"ping").await;
    readable(&mut server).await.expect("waiting for data must succeed");
    let read = server
        .read(&mut [])
        .await
        .expect("reading into an empty buffer must succeed");
    assert_eq!(read, 0, "an empty buffer has room for nothing");
    expect_bytes(&mut server, b"ping").await;
}

/// The end of the stream stays: every read after it says so again.
pub async fn the_end_stays<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"last").await;
    close(&mut client).await;
    expect_bytes(&mut server, b"last").await;
    for _ in 0..3 {
        expect_end(&mut server).await;
    }
}

/// A read dropped while it waits loses no byte.
pub async fn a_dropped_read_loses_nothing<T: Transport>(transport: T) {
    const LENGTH: u64 = 200;
    let (mut client, mut server) = transport.pair().await;
    let writer = async {
        let mut pattern = Pattern::new(1);
        while pattern.offset() < LENGTH {
            let bytes = pattern.take(1);
            send(&mut client, &bytes).await;
            futures_lite::future::yield_now().await;
        }
    };
    let reader = async {
        let mut pattern = Pattern::new(1);
        let mut buf = [0; 3];
        while pattern.offset() < LENGTH {
            match poll_once(server.read(&mut buf)).await {
                Some(read) => pattern.expect(&buf[..read.expect("reading what was sent must succeed")]),
                None => readable(&mut server).await.expect("waiting for data must succeed"),
            }
        }
    };
    zip(writer, reader).await;
}

/// A scattered read fills its buffers in order.
pub async fn a_scattered_read_keeps_the_order<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let mut pattern = Pattern::new(1);
    send(&mut client, &pattern.peek(1000)).await;
    while pattern.offset() < 1000 {
        let (mut head, mut middle, mut tail) = ([0; 3], [0; 0], [0; 64]);
        let read = poll_fn(|cx| {
            let bufs = &mut [&mut head[..], &mut middle, &mut tail].map(IoSliceMut::new);
            Pin::new(&mut server).poll_read_vectored(cx, bufs)
        });
        let read = read.await.expect("reading what was sent must succeed");
        assert!(
            (1..=67).contains(&read),
            "a read with bytes to come must give some, not {read}"
        );
        pattern.expect(&[&head[..], &tail].concat()[..read]);
    }
}

/// Flushing an idle connection succeeds, and what was flushed arrives though the writer does no more.
pub async fn what_is_flushed_arrives<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    client.flush().await.expect("flushing nothing must succeed");
    send(&mut client, b"now").await;
    client.flush().await.expect("flushing must succeed");
    let arrived = peek(&mut server, &mut [0; 8])
        .await
        .expect("what is flushed must arrive");
    assert_ne!(arrived, 0, "a flush must not end the stream");
    expect_bytes(&mut server, b"now").await;
}

/// Writes and reads `length` bytes at the same time, closes, and reads the end. Gives the connection back, for dropping it
/// is not what this is about.
async fn exchange<C: Connection>(connection: C, mut outgoing: Pattern, mut incoming: Pattern, length: u64) -> C {
    // Both directions belong to one task, so nobody ever waits for the lock.
    let shared = Mutex::new(connection);
    let lock = || shared.try_lock().expect("one task polls one direction at a time");
    let send = async {
        while outgoing.offset() < length {
            let chunk = outgoing.peek(64 << 10);
            let chunk = &chunk[..chunk
                .len()
                .min(usize::try_from(length - outgoing.offset()).expect("fits into memory"))];
            let written = poll_fn(|cx| Pin::new(&mut *lock()).poll_write(cx, chunk)).await;
            outgoing.advance(written.expect("writing to a connected peer must succeed"));
        }
        let closed = poll_fn(|cx| Pin::new(&mut *lock()).poll_close(cx)).await;
        closed.expect("closing must succeed");
    };
    let receive = async {
        let mut buf = vec![0; 64 << 10];
        loop {
            let read = poll_fn(|cx| Pin::new(&mut *lock()).poll_read(cx, &mut buf)).await;
            match read.expect("reading what was sent must succeed") {
                0 => break assert_eq!(incoming.offset(), length, "the stream must end after its last byte"),
                read => incoming.expect(&buf[..read]),
            }
        }
    };
    zip(send, receive).await;
    shared.into_inner().expect("nothing panics while the lock is held")
}
