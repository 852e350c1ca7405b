//! Who is woken when.
//!
//! Each direction holds the waker of its last poll. With async-io's own readiness two tasks on one direction wake each other
//! for ever, and burn a core.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncWriteExt};
use wirework::Connection;

use crate::fill::fill;
use crate::pattern::Pattern;
use crate::pause::pause;
use crate::steps::{close, expect_bytes, expect_end, send};
use crate::transport::Transport;
use crate::wake_counter::{WakeCounter, assert_two_pollers_do_not_spin};

/// The waker of the last poll is woken by data, whoever polled before.
pub async fn the_last_reader_is_woken<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let (first, last) = (WakeCounter::new(), WakeCounter::new());
    for counter in [&first, &last, &first, &last] {
        assert!(
            read_waits(&mut server, counter),
            "a read must wait while nothing has come"
        );
    }
    send(&mut client, b"ping").await;
    last.woken().await;
    expect_bytes(&mut server, b"ping").await;
}

/// A waiting reader is woken by the end of the stream.
pub async fn the_end_wakes_a_reader<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let reader = WakeCounter::new();
    assert!(
        read_waits(&mut server, &reader),
        "a read must wait while nothing has come"
    );
    close(&mut client).await;
    reader.woken().await;
    expect_end(&mut server).await;
}

/// A waiting reader is woken when the peer is dropped.
pub async fn a_dropped_peer_wakes_a_reader<T: Transport>(transport: T) {
    let (client, mut server) = transport.pair().await;
    let reader = WakeCounter::new();
    assert!(
        read_waits(&mut server, &reader),
        "a read must wait while nothing has come"
    );
    drop(client);
    reader.woken().await;
    expect_end(&mut server).await;
}

/// Each message wakes a reader that waits anew.
pub async fn a_reader_is_woken_each_time<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    for message in 0..50 {
        let reader = WakeCounter::new();
        assert!(
            read_waits(&mut server, &reader),
            "a read must wait while nothing has come"
        );
        send(&mut client, &[message]).await;
        reader.woken().await;
        expect_bytes(&mut server, &[message]).await;
    }
}

/// Two tasks that read the same connection do not keep waking each other.
pub async fn two_readers_do_not_spin<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let poll = |cx: &mut Context<'_>| Pin::new(&mut server).poll_read(cx, &mut [0; 8]).is_pending();
    let last = assert_two_pollers_do_not_spin(transport.runtime(), poll).await;
    send(&mut client, b"ping").await;
    last.woken().await;
    expect_bytes(&mut server, b"ping").await;
}

/// Nor do two that wait for readiness.
pub async fn two_readiness_waiters_do_not_spin<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    // Readiness may come too soon. After a read that found nothing it does not.
    let reader = WakeCounter::new();
    assert!(
        read_waits(&mut server, &reader),
        "a read must wait while nothing has come"
    );
    let poll = |cx: &mut Context<'_>| server.poll_readable(cx).is_pending();
    let last = assert_two_pollers_do_not_spin(transport.runtime(), poll).await;
    send(&mut client, b"ping").await;
    last.woken().await;
    expect_bytes(&mut server, b"ping").await;
}

/// A waiting writer does not take the reader's place, nor the other way about.
pub async fn directions_wait_apart<T: Transport>(transport: T) {
    for reader_first in [true, false] {
        let (mut client, mut server) = transport.pair().await;
        let (reader, writer) = (WakeCounter::new(), WakeCounter::new());
        let mut sent = Pattern::new(1);
        fill(&mut client, &mut sent).await;
        if reader_first {
            assert!(
                read_waits(&mut client, &reader),
                "a read must wait while nothing has come"
            );
        }
        while !write_waits(&mut client, &writer, &mut sent) {
            fill(&mut client, &mut sent).await;
        }
        if !reader_first {
            assert!(
                read_waits(&mut client, &reader),
                "a read must wait while nothing has come"
            );
        }
        server
            .write_all(b"answer")
            .await
            .expect("the other direction must not be held up");
        reader.woken().await;
        expect_bytes(&mut client, b"answer").await;
        expect_bytes(&mut server, &Pattern::new(1).take(length(&sent))).await;
        writer.woken().await;
    }
}

/// While nothing comes nobody is woken.
pub async fn an_idle_connection_wakes_nobody<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    send(&mut client, b"ping").await;
    expect_bytes(&mut server, b"ping").await;
    let reader = WakeCounter::new();
    let mut seen = None;
    for _ in 0..20 {
        // As a task would: polls once, and again each time that it is woken.
        if seen != Some(reader.wakes()) {
            seen = Some(reader.wakes());
            assert!(
                read_waits(&mut server, &reader),
                "a read must wait while nothing has come"
            );
        }
        pause(transport.runtime(), Duration::from_millis(1)).await;
    }
    let wakes = reader.wakes();
    assert!(
        wakes <= 2,
        "a task that waits must be left alone while nothing comes; it was woken {wakes} times"
    );
}

fn read_waits<C: Connection>(connection: &mut C, task: &WakeCounter) -> bool {
    task.poll(|cx| Pin::new(connection).poll_read(cx, &mut [0; 8]))
        .is_pending()
}

/// Whether a write waits. What is taken is added to `sent`.
fn write_waits<C: Connection>(connection: &mut C, task: &WakeCounter, sent: &mut Pattern) -> bool {
    let chunk = sent.peek(4096);
    match task.poll(|cx| Pin::new(connection).poll_write(cx, &chunk)) {
        Poll::Pending => true,
        Poll::Ready(written) => {
            sent.advance(written.expect("writing to a connected peer must succeed"));
            false
        }
    }
}

fn length(pattern: &Pattern) -> usize {
    usize::try_from(pattern.offset()).expect("it was written from memory")
}
