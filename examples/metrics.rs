//! A server that is watched by Prometheus.
//!
//! wirework counts through the facade of the crate `metrics`; the recorder is Prometheus' here, and its page is served by
//! wirework as well.
//!
//! ```sh
//! cargo run --example metrics
//! cargo run --example echo connect localhost:7000 hello
//! curl localhost:9000/metrics
//! ```

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use futures_lite::AsyncWriteExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use wirework::codec::Lines;
use wirework::{Connection, Context, Framed, Network, Server};
use wirework_examples::{Example, serve_until_interrupted};

/// Shouts back what it is sent, and counts.
#[derive(Debug, Args)]
struct Serve {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:7000")]
    listen: SocketAddr,
    /// Where to listen for Prometheus. No place for strangers.
    #[arg(long, default_value = "127.0.0.1:9000")]
    metrics: SocketAddr,
}

impl Example for Serve {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        // Before the server, which registers with the recorder that is there.
        let recorder = PrometheusBuilder::new().install_recorder()?;
        let page = Server::new(&network).protocol("metrics").serve_framed(
            network.listen_tcp(self.metrics)?,
            Lines::new(),
            move |request, _: Context| answer(request, recorder.clone()),
        );
        println!("metrics on {}", page.local_addr()?);
        let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
        let server = Server::new(&network).protocol("shout");
        let server = server.serve_service(network.listen_tcp(self.listen)?, Lines::new(), shout);
        serve_until_interrupted(server).await
    }
}

/// Answers one HTTP request, whatever it asks for, with all that was counted.
async fn answer<C: Connection>(mut request: Framed<C, Lines>, recorder: PrometheusHandle) -> io::Result<()> {
    while let Some(line) = request.next().await? {
        if line.is_empty() {
            break;
        }
    }
    recorder.run_upkeep();
    let page = recorder.render();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    let mut connection = request.into_parts().connection;
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(page.as_bytes()).await?;
    connection.close().await
}

fn main() -> ExitCode {
    wirework_examples::main::<Serve>()
}
