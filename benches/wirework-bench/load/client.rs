//! All connections of the client, and the loop over them.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::Load;
use super::connection::Connection;
use super::script::Script;
use crate::protocol::Protocol;

/// How many bytes one read takes at most.
const READ: usize = 256 * 1024;

/// A server that sends nothing for so long will not send any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to one server, used in a closed loop: for each reply the next request.
#[derive(Debug)]
pub(crate) struct Client {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    script: Script,
    load: Load,
    state: State,
    /// How many requests have no reply yet.
    under_way: u64,
    buf: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is under way.
    AtRest,
    Busy,
    /// What is under way is heard, and nothing more is asked.
    Resting,
}

/// What came of one run, or of several.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) replies: u64,
    pub(crate) elapsed: Duration,
    /// In nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

impl Outcome {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            replies: 0,
            elapsed: Duration::ZERO,
            latency: latencies()?,
        })
    }

    /// Replies per second.
    pub(crate) fn rate(&self) -> f64 {
        self.replies as f64 / self.elapsed.as_secs_f64()
    }
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr, protocol: Protocol, load: Load) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let connections: Vec<_> = (0..load.connections)
            .map(|number| {
                let connection = Connection::open(addr)?;
                let number = EventData::new_u64(number as u64);
                epoll::add(&epoll, connection.stream(), number, EventFlags::IN)?;
                Ok(connection)
            })
            .collect::<Result<_>>()?;
        // A request that is due and one that is half heard of are the most that is looked at in one piece.
        let run = READ.max((load.depth + 1) * (load.size + 8));
        Ok(Self {
            epoll,
            connections,
            script: Script::new(protocol, load.size, run),
            load,
            state: State::AtRest,
            under_way: 0,
            buf: vec![0; READ],
        })
    }

    /// Keeps the connections busy for a time. Requests under way at its end stay so, for the next run.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<Outcome> {
        let mut outcome = Outcome::new()?;
        self.run_on(duration, &mut outcome)?;
        Ok(outcome)
    }

    /// As [`run`](Self::run), and adds what comes of it to an outcome.
    pub(crate) fn run_on(&mut self, duration: Duration, outcome: &mut Outcome) -> Result<()> {
        let end = Instant::now() + duration;
        self.drive(outcome, |_, _, now| now >= end)
    }

    /// Keeps the connections busy until there were as many replies as requests are under way at once: until it no longer matters
    /// who was asked first.
    pub(crate) fn run_lap(&mut self, outcome: &mut Outcome) -> Result<()> {
        let end = outcome.replies + (self.active() * self.load.depth) as u64;
        self.drive(outcome, |_, outcome, _| outcome.replies >= end)
    }

    /// Hears what is under way, and asks nothing more until the next run.
    pub(crate) fn rest(&mut self, outcome: &mut Outcome) -> Result<()> {
        if self.state == State::AtRest {
            return Ok(());
        }
        self.state = State::Resting;
        self.drive(outcome, |client, _, _| client.under_way == 0)?;
        self.state = State::AtRest;
        Ok(())
    }

    fn drive(&mut self, outcome: &mut Outcome, is_done: impl Fn(&Self, &Outcome, Instant) -> bool) -> Result<()> {
        let begun = Instant::now();
        let before = outcome.elapsed;
        let mut heard = begun;
        if self.state == State::AtRest {
            self.state = State::Busy;
            self.start()?;
        }
        let mut events = Vec::with_capacity(1024);
        loop {
            let now = Instant::now();
            outcome.elapsed = before + now.duration_since(begun);
            if is_done(self, outcome, now) {
                return Ok(());
            }
            let replies = outcome.replies;
            self.turn(&mut events, outcome)?;
            if outcome.replies > replies {
                heard = now;
            }
            ensure!(now - heard < PATIENCE, "no reply for {} seconds", PATIENCE.as_secs());
        }
    }

    /// One exchange on each of the busy connections, for servers that are to be seen at rest afterwards.
    pub(crate) fn exchange_once(&mut self) -> Result<()> {
        let mut latency = latencies()?;
        let active = self.active();
        for connection in &mut self.connections[..active] {
            connection.stream().set_nonblocking(false)?;
            connection.ask(&self.script, 1, Instant::now())?;
            while connection.hear(&self.script, &mut self.buf, &mut latency)? == 0 {}
            connection.stream().set_nonblocking(true)?;
        }
        Ok(())
    }

    fn active(&self) -> usize {
        let connections = self.connections.len();
        self.load.active.map_or(connections, |active| active.min(connections))
    }

    fn start(&mut self) -> Result<()> {
        let active = self.active();
        for number in 0..active {
            let requests = self.load.depth as u64;
            self.connections[number].ask(&self.script, requests, Instant::now())?;
            self.under_way += requests;
            self.watch(number, false)?;
        }
        Ok(())
    }

    fn turn(&mut self, events: &mut Vec<Event>, outcome: &mut Outcome) -> Result<()> {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&wait)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for replies"),
        }
        for event in &*events {
            let Event { flags, data } = *event;
            let number = usize::try_from(data.u64())?;
            let connection = &mut self.connections[number];
            let was_blocked = connection.is_blocked();
            let mut replies = 0;
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                replies = connection.hear(&self.script, &mut self.buf, &mut outcome.latency)?;
                outcome.replies += replies;
            }
            if self.state == State::Resting {
                self.under_way -= replies;
                replies = 0;
            }
            connection.ask(&self.script, replies, Instant::now())?;
            self.watch(number, was_blocked)?;
        }
        Ok(())
    }

    /// Watches for room to send only while there is none.
    fn watch(&self, number: usize, was_blocked: bool) -> Result<()> {
        let connection = &self.connections[number];
        if connection.is_blocked() == was_blocked {
            return Ok(());
        }
        let mut interest = EventFlags::IN;
        interest.set(EventFlags::OUT, connection.is_blocked());
        let number = EventData::new_u64(number as u64);
        Ok(epoll::modify(&self.epoll, connection.stream(), number, interest)?)
    }
}

/// An empty histogram of nanoseconds, up to a minute: longer than the client has patience.
fn latencies() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(60_000_000_000, 3)?)
}
