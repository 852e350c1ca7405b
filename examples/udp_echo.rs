//! Sends back whatever it is sent, over UDP.
//!
//! Messages without a connection: they may get lost, so the client asks again, on the runtime's clock.
//!
//! ```sh
//! cargo run --example udp_echo serve
//! cargo run --example udp_echo send 127.0.0.1:7000 hello
//! ```

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use wirework::time::timeout;
use wirework::{Datagram, Network};
use wirework_examples::Example;

/// The longest datagram there can be.
const MAX_DATAGRAM: usize = 65_535;

/// How often the client asks before it gives up.
const ATTEMPTS: u32 = 3;

/// Sends back whatever it is sent, over UDP.
#[derive(Debug, Args)]
struct UdpEcho {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until Ctrl-C.
    Serve {
        /// Where to receive.
        #[arg(long, default_value = "127.0.0.1:7000")]
        listen: SocketAddr,
    },
    /// Sends a message and prints what comes back.
    Send {
        /// The server.
        server: SocketAddr,
        /// The message.
        message: String,
        /// How long to wait for a reply before asking again, in milliseconds.
        #[arg(long, default_value_t = 1000)]
        wait: u64,
    },
}

fn main() -> ExitCode {
    wirework_examples::main::<UdpEcho>()
}

impl Example for UdpEcho {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        match self.command {
            Command::Serve { listen } => {
                let socket = network.bind_udp(listen)?;
                writeln!(io::stdout(), "listening on {}", socket.local_addr()?)?;
                echo(&socket).await.context("cannot receive")
            }
            Command::Send { server, message, wait } => {
                let wait = Duration::from_millis(wait);
                let reply = ask(&network, server, message.as_bytes(), wait).await?;
                writeln!(io::stdout(), "{}", String::from_utf8_lossy(&reply))?;
                Ok(())
            }
        }
    }
}

/// The server: one socket for all clients.
async fn echo<D: Datagram>(socket: &D) -> io::Result<()> {
    let mut buf = vec![0; MAX_DATAGRAM];
    loop {
        let (len, from) = socket.recv_from(&mut buf).await?;
        // Whom we cannot answer is no reason to stop answering others.
        if let Err(error) = socket.send_to(&buf[..len], from).await {
            tracing::warn!(%from, %error, "cannot reply");
        }
    }
}

/// The client: asks until there is a reply.
async fn ask<N: Network>(network: &N, server: SocketAddr, message: &[u8], wait: Duration) -> anyhow::Result<Vec<u8>> {
    let any_port: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = network.bind_udp(any_port)?;
    for _ in 0..ATTEMPTS {
        let sent = socket.send_to(message, server).await;
        sent.with_context(|| format!("cannot send to {server}"))?;
        if let Ok(reply) = timeout(network, wait, reply_of(&socket, server)).await {
            return reply.context("cannot receive");
        }
    }
    bail!("no reply from {server}: asked {ATTEMPTS} times, waited {wait:?} each time")
}

/// The next datagram that is from `server`: anyone may send us one.
async fn reply_of<D: Datagram>(socket: &D, server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; MAX_DATAGRAM];
    loop {
        let (len, from) = socket.recv_from(&mut buf).await?;
        if from == server {
            buf.truncate(len);
            return Ok(buf);
        }
    }
}
