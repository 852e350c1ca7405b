//! What a server counts for the `metrics` facade, as Prometheus would see it, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use wirework::codec::Lines;
use wirework::time::{sleep, timeout};
use wirework::{Addr, Context, Deadlines, Framed, Network, RunningServer, Server, WhenFull, connect};
use wirework_tests::{PATIENCE, on_each_runtime};

on_each_runtime![
    what_is_served_is_counted,
    what_is_refused_is_counted_by_reason,
    what_fails_is_counted_by_kind,
    frames_and_bytes_are_counted,
];

/// The recorder of this process, which is installed once and before any server is made.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

/// The value of what is called so and has these labels.
fn value(name: &str, labels: &[&str]) -> f64 {
    let text = recorder().render();
    let line = text.lines().find(|line| {
        let name_fits = line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
        name_fits && labels.iter().all(|label| line.contains(label))
    });
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// Waits until it has that value.
async fn becomes<N: Network>(network: &N, name: &str, labels: &[&str], wanted: f64) {
    let reached = async {
        while (value(name, labels) - wanted).abs() > 0.1 {
            sleep(network, Duration::from_millis(1)).await;
        }
    };
    let reached = timeout(network, PATIENCE, reached).await;
    assert!(reached.is_ok(), "{name} {labels:?} is {}", value(name, labels));
}

/// A server with a name of its own, and the label that it is found by.
fn server<N: Network>(network: &N) -> (Server<N>, String) {
    recorder();
    let name = format!("test-{:x}", network.random_u64());
    let label = format!("protocol=\"{name}\"");
    (Server::new(network).protocol(name), label)
}

fn serve<N: Network>(network: &N, server: Server<N>) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let clock = network.clone();
    server.serve_service(listener, Lines::new(), move |line: String| {
        let clock = clock.clone();
        async move {
            match line.as_str() {
                "fail" => return Err(io::Error::from(io::ErrorKind::QuotaExceeded)),
                "nap" => sleep(&clock, Duration::from_millis(20)).await,
                "panic" => panic!("told to"),
                _ => {}
            }
            Ok(line)
        }
    })
}

async fn client<N: Network>(network: &N, server: &RunningServer) -> Framed<N::TcpStream, Lines> {
    let target = server.local_addr().unwrap().to_string();
    Framed::new(connect(network, &target).await.unwrap(), Lines::new())
}

async fn what_is_served_is_counted<N: Network>(network: N) {
    let (server, label) = server(&network);
    let labels = &[label.as_str()];
    let server = serve(&network, server);
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = client(&network, &server).await;
        for line in ["a", "nap"] {
            client.send(line).await.unwrap();
            client.next().await.unwrap().unwrap();
        }
        clients.push(client);
    }
    becomes(&network, "wirework_connections_accepted_total", labels, 3.0).await;
    becomes(&network, "wirework_connections_active", labels, 3.0).await;
    becomes(&network, "wirework_request_duration_seconds_count", labels, 6.0).await;
    let seconds = value("wirework_request_duration_seconds_sum", labels);
    assert!(seconds >= 0.06, "{seconds}");
    clients.pop();
    becomes(&network, "wirework_connections_active", labels, 2.0).await;
    server.shutdown().await;
    becomes(
        &network,
        "wirework_connections_ended_total",
        &[&label, "how=\"completed\""],
        3.0,
    )
    .await;
    becomes(&network, "wirework_connections_active", labels, 0.0).await;
}

async fn what_is_refused_is_counted_by_reason<N: Network>(network: N) {
    let (limited, label) = server(&network);
    let limited = limited.max_connections(1).when_full(WhenFull::Refuse);
    let server_of_one = serve(&network, limited);
    let mut first = client(&network, &server_of_one).await;
    first.send("a").await.unwrap();
    first.next().await.unwrap().unwrap();
    assert_eq!(
        client(&network, &server_of_one).await.next().await.unwrap_or(None),
        None
    );
    becomes(
        &network,
        "wirework_connections_refused_total",
        &[&label, "reason=\"full\""],
        1.0,
    )
    .await;

    let (closed, label) = server(&network);
    let closed = serve(&network, closed.filter(|_: &Addr| Err("closed today")));
    assert_eq!(client(&network, &closed).await.next().await.unwrap_or(None), None);
    becomes(
        &network,
        "wirework_connections_refused_total",
        &[&label, "reason=\"closed today\""],
        1.0,
    )
    .await;
    assert!(value("wirework_connections_accepted_total", &[&label]).abs() < 0.1);
}

async fn what_fails_is_counted_by_kind<N: Network>(network: N) {
    let (server, label) = server(&network);
    let deadlines = Deadlines::none().first_frame(Duration::from_millis(20));
    let server = serve(&network, server.deadlines(deadlines));
    for line in ["fail", "panic", "\u{1}"] {
        let mut client = client(&network, &server).await;
        client.send(line).await.unwrap();
        let _ = client.next().await;
    }
    let mut malformed = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    malformed.write_all(b"\xff\n").await.unwrap();
    assert_eq!(malformed.read(&mut [0]).await.unwrap_or(0), 0);
    let mut silent = client(&network, &server).await;
    assert_eq!(silent.next().await.unwrap_or(None), None);
    for (kind, count) in [
        ("quota exceeded", 1.0),
        ("panic", 1.0),
        ("first_frame", 1.0),
        ("other", 1.0),
    ] {
        becomes(
            &network,
            "wirework_errors_total",
            &[&label, &format!("kind=\"{kind}\"")],
            count,
        )
        .await;
    }
    becomes(
        &network,
        "wirework_connections_ended_total",
        &[&label, "how=\"panicked\""],
        1.0,
    )
    .await;
    becomes(
        &network,
        "wirework_connections_ended_total",
        &[&label, "how=\"timed out\""],
        1.0,
    )
    .await;
    becomes(
        &network,
        "wirework_connections_ended_total",
        &[&label, "how=\"failed\""],
        2.0,
    )
    .await;
}

async fn frames_and_bytes_are_counted<N: Network>(network: N) {
    let (server, label) = server(&network);
    let labels = &[label.as_str()];
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let handler = |mut lines: Framed<_, Lines>, _: Context| async move {
        while let Some((line, mut out)) = lines.next_ref().await? {
            if line == "quit" {
                break;
            }
            out.send(line)?;
            out.send(line)?;
        }
        lines.close().await
    };
    let server = server.serve_framed(listener, Lines::new(), handler);
    let mut client = client(&network, &server).await;
    for _ in 0..50 {
        client.send("0123456").await.unwrap();
    }
    client.send("quit").await.unwrap();
    client.send("unread").await.unwrap();
    for _ in 0..100 {
        client.next().await.unwrap().unwrap();
    }
    assert_eq!(client.next().await.unwrap_or(None), None);
    // Those that the handler took, to the last one; and all bytes that were read.
    becomes(&network, "wirework_received_frames_total", labels, 51.0).await;
    becomes(&network, "wirework_sent_frames_total", labels, 100.0).await;
    becomes(&network, "wirework_sent_bytes_total", labels, 800.0).await;
    becomes(&network, "wirework_received_bytes_total", labels, 412.0).await;
}
