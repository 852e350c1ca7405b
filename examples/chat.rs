//! A chat room, over TCP. What is said in it is the business of `wirework_examples::chat`.
//!
//! ```sh
//! cargo run --example chat serve
//! cargo run --example chat join localhost:7000 alice
//! ```

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use async_channel::Receiver;
use clap::{Args, Subcommand};
use wirework::codec::Lines;
use wirework::{Connection, Deadlines, Framed, Network, Next, Server, connect};
use wirework_examples::{Example, chat, serve_until_interrupted, typed_lines};

/// A chat room, over TCP.
#[derive(Debug, Args)]
struct ChatRoom {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens a room until Ctrl-C.
    Serve {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:7000")]
        listen: SocketAddr,
    },
    /// Joins a room: says what is typed, prints what the others say.
    Join {
        /// The server, as host:port.
        server: String,
        /// What to be called.
        nickname: String,
    },
}

fn main() -> ExitCode {
    wirework_examples::main::<ChatRoom>()
}

impl Example for ChatRoom {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        match self.command {
            Command::Serve { listen } => {
                let listener = network.listen_tcp(listen)?;
                let server = Server::new(&network)
                    .max_connections(1000)
                    // Newcomers have a limit of the handler's, and members may be quiet for a while.
                    .deadlines(Deadlines::new().first_frame(None).idle(Duration::from_hours(1)))
                    .drain_deadline(Duration::from_secs(5));
                serve_until_interrupted(server.serve_framed(listener, chat::codec(), chat::Chat::new())).await
            }
            Command::Join { server, nickname } => {
                let mut lines = Framed::new(connect(&network, &server).await?, chat::codec());
                lines.send(nickname).await?;
                converse(&mut lines, &typed_lines())
                    .await
                    .with_context(|| format!("talking to {server}"))
            }
        }
    }
}

/// Until the server closes, which it does when all is said.
async fn converse<C: Connection>(
    lines: &mut Framed<C, Lines>,
    typed: &Receiver<io::Result<String>>,
) -> anyhow::Result<()> {
    loop {
        match lines.next_or(typed.recv()).await? {
            Next::Frame(line) => writeln!(io::stdout(), "{line}")?,
            Next::End => return Ok(()),
            Next::Other(Ok(line)) => lines.send(line?).await?,
            // Nothing more will be typed.
            Next::Other(Err(_)) => break,
        }
    }
    lines.close().await?;
    while let Some(line) = lines.next().await? {
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}
