//! A game on a line, over UDP: the server has the say, and tells everybody twenty times a second where everybody is.
//!
//! There are no connections, so a player is whoever sends; who falls silent is out.
//!
//! ```sh
//! cargo run --example game serve
//! cargo run --example game play 127.0.0.1:7000 alice
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use futures_lite::future::or;
use serde::{Deserialize, Serialize};
use wirework::codec::{PostcardError, PostcardFormat, ReadFormat, WriteBuf, WriteFormat};
use wirework::time::interval;
use wirework::{Datagram, Network};
use wirework_examples::{Example, typed_lines};

/// How often the world moves on.
const TICK: Duration = Duration::from_millis(50);

/// How often a player says something, even if there is nothing to say.
const ALIVE: Duration = Duration::from_millis(100);

/// Who has been silent for this long is out.
const SILENCE: Duration = Duration::from_secs(2);

/// So many can play. With names of this length, the world fits into one datagram of 1200 bytes, which passes everywhere.
const MAX_PLAYERS: usize = 32;
const MAX_NAME: usize = 16;
const MAX_DATAGRAM: usize = 1200;

/// A game on a line, over UDP.
#[derive(Debug, Args)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the game until Ctrl-C.
    Serve {
        /// Where to receive.
        #[arg(long, default_value = "127.0.0.1:7000")]
        listen: SocketAddr,
    },
    /// Plays: `l` and `r` move, the end of the input leaves.
    Play {
        /// The server.
        server: SocketAddr,
        /// Who plays.
        name: String,
    },
}

/// What a player sends.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    name: String,
    /// Where to: -1, 0 or 1.
    step: i8,
}

/// What all players get with every tick.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct World {
    tick: u64,
    players: Vec<(String, i32)>,
}

fn main() -> ExitCode {
    wirework_examples::main::<Line>()
}

impl Example for Line {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        match self.command {
            Command::Serve { listen } => {
                let socket = network.bind_udp(listen)?;
                writeln!(io::stdout(), "listening on {}", socket.local_addr()?)?;
                serve(&network, &socket).await.context("cannot receive")
            }
            Command::Play { server, name } => play(&network, server, &name).await,
        }
    }
}

/// A datagram is a message as it is: there is nothing to frame.
fn datagram(message: &impl Serialize) -> Result<Vec<u8>, PostcardError> {
    let mut out = WriteBuf::new();
    PostcardFormat::write(message, &mut out)?;
    Ok(out.to_vec())
}

struct Player {
    name: String,
    position: i32,
    heard: Instant,
}

async fn serve<N: Network>(network: &N, socket: &N::UdpSocket) -> anyhow::Result<()> {
    enum Event {
        Tick,
        Datagram(io::Result<(usize, SocketAddr)>),
    }

    // Ordered, so that everybody gets the same world on every run.
    let mut players: BTreeMap<SocketAddr, Player> = BTreeMap::new();
    let mut ticks = interval(network, TICK);
    let mut buf = [0; MAX_DATAGRAM];
    for tick in 1.. {
        // The tick goes first: however many datagrams come, the world moves on. Both can be dropped without loss.
        while let Event::Datagram(received) = or(
            async {
                ticks.tick().await;
                Event::Tick
            },
            async { Event::Datagram(socket.recv_from(&mut buf).await) },
        )
        .await
        {
            let (len, from) = received?;
            // Anybody can send anything. What is no input of ours is nobody's.
            if let Ok(input) = PostcardFormat::read(&buf[..len]) {
                hear(&mut players, from, input, network.now());
            }
        }

        let now = network.now();
        players.retain(|_, player| now - player.heard < SILENCE);
        let positions = players.values().map(|player| (player.name.clone(), player.position));
        let world = datagram(&World {
            tick,
            players: positions.collect(),
        })?;
        for peer in players.keys() {
            // Whom we cannot reach will be silent.
            if let Err(error) = socket.send_to(&world, *peer).await {
                tracing::warn!(%peer, %error, "cannot send");
            }
        }
    }
    Ok(())
}

fn hear(players: &mut BTreeMap<SocketAddr, Player>, from: SocketAddr, input: Input, now: Instant) {
    let is_full = players.len() >= MAX_PLAYERS;
    if input.name.len() > MAX_NAME || (is_full && !players.contains_key(&from)) {
        return;
    }
    let player = players.entry(from).or_insert(Player {
        name: input.name,
        position: 0,
        heard: now,
    });
    player.heard = now;
    player.position = player.position.saturating_add(i32::from(input.step.signum()));
}

async fn play<N: Network>(network: &N, server: SocketAddr, name: &str) -> anyhow::Result<()> {
    enum Event {
        Typed(io::Result<String>),
        TypedLast,
        Alive,
        Datagram(io::Result<(usize, SocketAddr)>),
    }

    let any_port: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = network.bind_udp(any_port)?;
    let typed = typed_lines();
    let mut alive = interval(network, ALIVE);
    let mut buf = [0; MAX_DATAGRAM];
    let mut last = World::default();
    let mut step = 0;
    loop {
        let input = Input {
            name: name.to_owned(),
            step,
        };
        let sent = socket.send_to(&datagram(&input)?, server).await;
        sent.with_context(|| format!("cannot send to {server}"))?;
        step = 0;

        // Until there is something to say.
        loop {
            let typing = async { typed.recv().await.map_or(Event::TypedLast, Event::Typed) };
            let ticking = async {
                alive.tick().await;
                Event::Alive
            };
            let receiving = async { Event::Datagram(socket.recv_from(&mut buf).await) };
            match or(typing, or(ticking, receiving)).await {
                Event::TypedLast => return Ok(()),
                Event::Alive => break,
                Event::Typed(line) => {
                    step = match line?.trim() {
                        "l" => -1,
                        "r" => 1,
                        _ => continue,
                    };
                    break;
                }
                Event::Datagram(received) => {
                    let (len, from) = received.context("cannot receive")?;
                    let world = PostcardFormat::read(&buf[..len]);
                    // Datagrams overtake each other, and anybody may send us one.
                    if let Ok(world) = world
                        && from == server
                        && show(&last, &world)?
                    {
                        last = world;
                    }
                }
            }
        }
    }
}

/// Prints `world` if anything has changed. Whether it is newer.
fn show(last: &World, world: &World) -> io::Result<bool> {
    let newer = world.tick > last.tick;
    if newer && world.players != last.players {
        let players: Vec<_> = world.players.iter().map(|(name, at)| format!("{name} {at}")).collect();
        writeln!(io::stdout(), "{}", players.join(", "))?;
    }
    Ok(newer)
}
