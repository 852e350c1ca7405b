//! A server with everything on that the open Internet asks for; `docs/facing-the-internet.md` says why.
//!
//! Try `cargo run --example server` and `cargo run --example echo connect localhost:7000 hello`. Ctrl-C lets it finish
//! what is under way; a second one does not wait.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use wirework::codec::Lines;
use wirework::socket::ListenOptions;
use wirework::time::sleep;
use wirework::{Context, Deadlines, Network, Server, ServerHandle, Service, Session, Signals, Task, WhenFull};
use wirework_examples::Example;

/// Shouts back what it is sent.
#[derive(Debug, Args)]
struct Serve {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:7000")]
    listen: SocketAddr,
}

/// Answers one connection's lines.
struct Shout(Context);

impl Service<String> for Shout {
    type Response = String;
    type Error = io::Error;

    async fn call(&self, line: String) -> io::Result<String> {
        if line == "slow" {
            sleep(&self.0, Duration::from_secs(2)).await;
        }
        Ok(line.to_uppercase())
    }
}

impl Example for Serve {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        let options = ListenOptions::new().reuse_port(true).backlog(4096);
        let listeners: io::Result<Vec<_>> = (0..2).map(|_| network.listen_tcp_with(self.listen, &options)).collect();
        let deadlines = Deadlines::new()
            .first_frame(Duration::from_secs(10))
            .idle(Duration::from_mins(2))
            .request(Duration::from_secs(30))
            .lifetime(Duration::from_hours(24))
            .min_rate((200, Duration::from_secs(5)));
        let server = Server::new(&network)
            .protocol("shout")
            .max_connections(5_000)
            .when_full(WhenFull::Refuse)
            .max_per_client(100)
            .max_in_flight(16)
            .deadlines(deadlines)
            .drain_deadline(Duration::from_secs(10));
        let shout = |session: Session<String>| Shout(session.context().clone());
        let signals = Signals::new()?;
        let server = server.serve_sessions(listeners?, Lines::new(), shout);
        println!("listening on {}", server.local_addr()?);
        network.spawn(watch(network.clone(), server.handle())).detach();
        println!("{}", server.run_until(&signals).await);
        Ok(())
    }
}

/// Prints who is connected, now and then.
async fn watch<N: Network>(network: N, server: ServerHandle) {
    while server.is_ready() {
        sleep(&network, Duration::from_secs(10)).await;
        println!("{:#?}", server.connections());
    }
}

fn main() -> ExitCode {
    wirework_examples::main::<Serve>()
}
