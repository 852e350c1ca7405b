//! Two servers in turns: what each spent on how many replies, and whether anything disturbed them.
//!
//! Turns are so short that whatever makes the machine slower for a while, such as a neighbour on the same processor, is there in turns
//! of both. Each duel starts its own two processes: where one happens to lie in memory makes it faster or slower by some hundredths.

use std::process;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::field::{Contestant, Field};
use crate::child::Server;
use crate::cpu;
use crate::hold::Crowd;
use crate::load::{self, Client, Load, Outcome};
use crate::protocol::Protocol;

/// How long a server is busy before its first turn.
const WARM_UP: Duration = Duration::from_millis(50);

/// How long a turn is that counts, without its beginning and its end.
const TURN: Duration = Duration::from_millis(15);

/// A duel is calm if the client waited for its core no longer than this part of it (the threads of a server wait for one another, too,
/// which is no disturbance),
const MOST_WAITED: f64 = 0.02;

/// and if nothing else ran on their cores for more than this part of it, which is counted in steps of 10 ms.
const MOST_ELSEWHERE: f64 = 0.10;

/// What came of a duel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duel {
    pub(super) opponent: Slice,
    pub(super) contestant: Slice,
    /// Parts of the time it took.
    waited: f64,
    elsewhere: f64,
}

/// What came of the turns of one server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    /// CPU time of the server per reply, in nanoseconds.
    pub(super) cpu_ns: f64,
    pub(super) rate: f64,
    pub(super) latency_us: [f64; 3],
}

impl Duel {
    /// Whether the machine had time for it.
    pub(super) fn is_calm(&self) -> bool {
        self.waited <= MOST_WAITED && self.elsewhere <= MOST_ELSEWHERE
    }

    /// What the contestant spends on a reply, over what its opponent does.
    pub(super) fn ratio(&self) -> f64 {
        self.contestant.cpu_ns / self.opponent.cpu_ns
    }
}

/// Has the contestant and its opponent serve the same load, each for `window` in all.
pub(super) fn fight(contestant: Contestant, load: Load, window: Duration, field: &Field) -> Result<Duel> {
    let mut sides = [
        Side::start(field.start_opponent(contestant)?, contestant.protocol, load)?,
        Side::start(field.start(contestant)?, contestant.protocol, load)?,
    ];
    let begun = Instant::now();
    let before = Usage::now(&sides, field)?;
    for turn in 0..turns(window) {
        // Both go first equally often.
        let first = turn % 2;
        sides[first].turn()?;
        sides[1 - first].turn()?;
    }
    let used = Usage::now(&sides, field)?.since(&before);
    let elapsed = begun.elapsed();
    let share = |time: Duration| time.as_secs_f64() / elapsed.as_secs_f64();
    let [opponent, contestant] = &sides;
    Ok(Duel {
        opponent: opponent.slice(),
        contestant: contestant.slice(),
        // Where it shares a core with a server they wait for each other, which says nothing.
        waited: if field.is_apart() { share(used.waited) } else { 0.0 },
        elsewhere: share(used.busy.saturating_sub(used.ours)),
    })
}

/// How many turns of each server make up the time, which is an even number.
fn turns(window: Duration) -> usize {
    let pairs = window.div_duration_f64(2 * TURN).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small whole number"
    )]
    let pairs = pairs as usize;
    2 * pairs
}

/// A server, and the client that keeps it busy.
struct Side {
    /// Connections that are idle all the time. The first to go: whoever closes a connection first has the kernel remember it for a
    /// minute, unless it was reset.
    _crowd: Option<Crowd>,
    server: Server,
    client: Client,
    /// CPU time of the server while it counts, and what it did for that.
    cpu: Duration,
    measured: Outcome,
    unmeasured: Outcome,
}

impl Side {
    /// Warms the server up, and leaves it at rest.
    fn start(server: Server, protocol: Protocol, load: Load) -> Result<Self> {
        let active = load.active.unwrap_or(load.connections);
        // A process may not open as many files as two such crowds are.
        let idle = load.connections - active;
        let crowd = (idle > 0).then(|| Crowd::gather(server.addr, idle)).transpose()?;
        let load = Load {
            connections: active,
            active: None,
            ..load
        };
        let mut side = Self {
            client: Client::connect(server.addr, protocol, load)?,
            server,
            _crowd: crowd,
            cpu: Duration::ZERO,
            measured: Outcome::new()?,
            unmeasured: Outcome::new()?,
        };
        side.client.run_on(WARM_UP, &mut side.unmeasured)?;
        side.client.rest(&mut side.unmeasured)?;
        Ok(side)
    }

    /// A turn that begins and ends at rest, and counts in between.
    fn turn(&mut self) -> Result<()> {
        self.client.run_lap(&mut self.unmeasured)?;
        let before = cpu::time(self.server.process())?;
        self.client.run_on(TURN, &mut self.measured)?;
        self.cpu += cpu::time(self.server.process())?.saturating_sub(before);
        self.client.rest(&mut self.unmeasured)
    }

    fn slice(&self) -> Slice {
        Slice {
            cpu_ns: self.cpu.as_secs_f64() * 1e9 / self.measured.replies as f64,
            rate: self.measured.rate(),
            latency_us: load::percentiles(&self.measured),
        }
    }
}

/// Times since some point in the past.
struct Usage {
    /// Of servers and client.
    ours: Duration,
    /// How long the client has waited for its core.
    waited: Duration,
    /// How long the cores of all of them have been busy.
    busy: Duration,
}

impl Usage {
    fn now(sides: &[Side], field: &Field) -> Result<Self> {
        let client = process::id();
        let servers = sides.iter().map(|side| side.server.process());
        Ok(Self {
            ours: servers.chain([client]).map(cpu::time).sum::<Result<_>>()?,
            waited: cpu::waited(client)?,
            busy: cpu::busy(&field.cores())?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            ours: self.ours.saturating_sub(before.ours),
            waited: self.waited.saturating_sub(before.waited),
            busy: self.busy.saturating_sub(before.busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_go_first_equally_often() {
        let turns = |millis| turns(Duration::from_millis(millis));
        assert_eq!([turns(1), turns(30), turns(31), turns(150)], [2, 2, 4, 10]);
    }
}
