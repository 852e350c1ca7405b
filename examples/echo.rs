//! Sends back whatever it is sent, over TCP.
//!
//! The smallest server and client, and both doors for a protocol: lines that are framed, and the raw connection.
//!
//! ```sh
//! cargo run --example echo serve
//! cargo run --example echo connect localhost:7000 "hello, there"
//! ```

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use futures_lite::{AsyncReadExt, AsyncWriteExt, Stream, StreamExt, stream};
use wirework::codec::Lines;
use wirework::{Connection, Context, Framed, Network, Server, connect};
use wirework_examples::{Example, serve_until_interrupted, typed_lines};

/// Sends back whatever it is sent, over TCP.
#[derive(Debug, Args)]
struct Echo {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until Ctrl-C.
    Serve {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:7000")]
        listen: SocketAddr,
        /// Take bytes as they come, rather than lines.
        #[arg(long)]
        raw: bool,
    },
    /// Sends lines and prints what comes back.
    Connect {
        /// The server, as host:port.
        server: String,
        /// The lines to send; what is typed if there are none.
        lines: Vec<String>,
    },
}

fn main() -> ExitCode {
    wirework_examples::main::<Echo>()
}

impl Example for Echo {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        match self.command {
            Command::Serve { listen, raw } => serve(&network, listen, raw).await,
            Command::Connect { server, lines } if lines.is_empty() => talk(&network, &server, typed_lines()).await,
            Command::Connect { server, lines } => talk(&network, &server, stream::iter(lines).map(Ok)).await,
        }
    }
}

async fn serve<N: Network>(network: &N, listen: SocketAddr, raw: bool) -> anyhow::Result<()> {
    let listener = network.listen_tcp(listen)?;
    let server = Server::new(network);
    serve_until_interrupted(if raw {
        server.serve(listener, echo_bytes)
    } else {
        server.serve_framed(listener, Lines::new(), echo_lines)
    })
    .await
}

/// The framed door. Replies leave when there is no further line to be read, many of them in one write.
async fn echo_lines<C: Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while let Some((line, mut out)) = lines.next_ref().await? {
        out.send(line)?;
    }
    lines.close().await
}

/// The raw door: reading, writing and closing are the handler's own.
async fn echo_bytes<C: Connection>(mut connection: C, _: Context) -> io::Result<()> {
    let mut buf = vec![0; 4096];
    loop {
        match connection.read(&mut buf).await? {
            0 => return connection.close().await,
            count => connection.write_all(&buf[..count]).await?,
        }
    }
}

/// The client: a line, its reply, and so on.
async fn talk<N: Network>(
    network: &N,
    server: &str,
    lines: impl Stream<Item = io::Result<String>>,
) -> anyhow::Result<()> {
    let mut echo = Framed::new(connect(network, server).await?, Lines::new());
    let mut lines = std::pin::pin!(lines);
    while let Some(line) = lines.try_next().await? {
        match exchange(&mut echo, line)
            .await
            .with_context(|| format!("talking to {server}"))?
        {
            Some(reply) => writeln!(io::stdout(), "{reply}")?,
            None => bail!("{server} closed the connection without a reply"),
        }
    }
    Ok(echo.close().await?)
}

async fn exchange<C: Connection>(echo: &mut Framed<C, Lines>, line: String) -> io::Result<Option<String>> {
    echo.send(line).await?;
    Ok(echo.next().await?)
}
