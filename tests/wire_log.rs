//! The bytes of connections in the log, on every runtime; a process of its own, since what is logged is the process's.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]
#![expect(
    clippy::await_holding_lock,
    reason = "each test has a thread, and a runtime, of its own"
)]

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;
use wirework::codec::Lines;
use wirework::{Connection, Context, Framed, Listeners, Network, Server, WireLog, connect, memory};
use wirework_tests::{ManualClock, on_each_runtime};

on_each_runtime![
    both_ends_are_logged,
    events_and_their_rate_are_bounded,
    nothing_is_logged_unless_wanted
];

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The log of this process, for one test at a time.
fn log() -> (MutexGuard<'static, ()>, &'static Log) {
    static LOG: OnceLock<Log> = OnceLock::new();
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(log.clone());
        let wanted = Targets::new()
            .with_target("wirework::wire", LevelFilter::TRACE)
            .with_target("wirework", LevelFilter::DEBUG);
        tracing_subscriber::registry().with(lines.with_filter(wanted)).init();
        log
    });
    log.0.lock().unwrap().clear();
    (one, log)
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn echo<C: Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while let Some(line) = lines.next().await? {
        lines.send(line).await?;
    }
    lines.close().await
}

async fn both_ends_are_logged<N: Network>(network: N) {
    let (_one, log) = log();
    let wire = WireLog::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_framed(listener.upgrade(wire.clone()), Lines::new(), echo);
    let stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    let mut client = Framed::new(wire.wrap(stream), Lines::new());
    client.send("hello, wire").await.unwrap();
    client.close().await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), "hello, wire");
    assert_eq!(client.next().await.unwrap(), None);
    server.shutdown().await;
    let text = log.text();
    let dump = "00000000  68 65 6c 6c 6f 2c 20 77  69 72 65 0a              |hello, wire.|";
    // Sent and received by both.
    assert_eq!(text.matches(dump).count(), 4, "{text}");
    assert_eq!(text.matches("received the end").count(), 2, "{text}");
    assert_eq!(text.matches("sent the end").count(), 2, "{text}");
    // The server's are within the span of the connection.
    let is_spanned = |line: &&str| line.contains("connection{id=0");
    let spanned = text.lines().filter(is_spanned);
    let spanned = spanned.filter(|line| line.ends_with(": received") || line.ends_with(": sent"));
    assert_eq!(spanned.count(), 2, "{text}");
}

async fn events_and_their_rate_are_bounded<N: Network>(network: N) {
    use futures_lite::AsyncWriteExt;
    let (_one, log) = log();
    let clock = ManualClock::new(&network);
    let wire = WireLog::new(&clock).max_bytes(16).bytes_per_second(40);
    let (near, _far) = memory::pair(1 << 20);
    let mut near = wire.wrap(near);
    for _ in 0..5 {
        near.write_all(&[b'x'; 1000]).await.unwrap();
    }
    let text = log.text();
    // Twice 16 bytes fit into a second's 40.
    assert_eq!(text.matches("|xxxxxxxxxxxxxxxx|").count(), 2, "{text}");
    assert_eq!(text.matches("… and 984 bytes more").count(), 2, "{text}");
    clock.advance(std::time::Duration::from_secs(1)).await;
    near.write_all(b"later").await.unwrap();
    let text = log.text();
    assert!(text.contains("left_out=3") && text.contains("|later|"), "{text}");
}

async fn nothing_is_logged_unless_wanted<N: Network>(network: N) {
    use futures_lite::AsyncWriteExt;
    let (_one, log) = log();
    let (near, _far) = memory::pair(1024);
    let mut near = WireLog::new(&network).wrap(near);
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::new(), || {
        futures_lite::future::block_on(near.write_all(b"secret")).unwrap();
    });
    assert_eq!(log.text(), "");
}
