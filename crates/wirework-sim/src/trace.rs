//! What happened: a hash of everything, and the last of it in words.

use std::collections::VecDeque;
use std::fmt::Write;
use std::time::Duration;

use crate::world::World;

/// The rolling hash, and the end of the log.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    log: VecDeque<Entry>,
    length: usize,
}

#[derive(Debug)]
struct Entry {
    at: u64,
    host: Option<u32>,
    what: &'static str,
    connection: Option<u32>,
    amount: u64,
    detail: Option<Box<str>>,
}

impl Trace {
    pub(crate) fn new(length: usize) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            log: VecDeque::new(),
            length,
        }
    }

    /// Adds a number to the hash.
    pub(crate) fn mix(&mut self, value: u64) {
        self.hash = (self.hash.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash ^ self.hash >> 29
    }

    fn push(&mut self, entry: Entry) {
        if self.length == 0 {
            return;
        }
        if self.log.len() == self.length {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }
}

impl World {
    /// Logs that something happened to a connection, or another socket.
    pub(crate) fn note(&mut self, host: u32, what: &'static str, connection: u32, amount: u64) {
        self.trace.mix(u64::from(host) << 32 | u64::from(connection));
        self.trace.mix(amount << 8 | what.len() as u64);
        self.trace.push(Entry {
            at: self.now,
            host: Some(host),
            what,
            connection: Some(connection),
            amount,
            detail: None,
        });
    }

    /// Logs something that happens rarely enough to be told in words.
    pub(crate) fn tell(&mut self, what: &'static str, detail: impl Into<String>) {
        let detail = detail.into();
        for byte in what.bytes().chain(detail.bytes()) {
            self.trace.mix(u64::from(byte));
        }
        self.trace.push(Entry {
            at: self.now,
            host: None,
            what,
            connection: None,
            amount: 0,
            detail: Some(detail.into()),
        });
    }

    /// The last `count` entries of the log, the oldest first.
    pub(crate) fn log_tail(&self, count: usize) -> Vec<String> {
        let skipped = self.trace.log.len().saturating_sub(count);
        self.trace
            .log
            .iter()
            .skip(skipped)
            .map(|entry| self.in_words(entry))
            .collect()
    }

    fn in_words(&self, entry: &Entry) -> String {
        let mut line = format!("{:>15}", format!("{:?}", Duration::from_nanos(entry.at)));
        let host = entry.host.and_then(|host| self.hosts.get(host as usize));
        if let Some(host) = host {
            write!(line, " {}:", host.name).expect("writing to a string succeeds");
        }
        write!(line, " {}", entry.what).expect("writing to a string succeeds");
        if let Some(connection) = entry.connection {
            write!(line, " #{connection}").expect("writing to a string succeeds");
        }
        if entry.amount > 0 {
            write!(line, " ({})", entry.amount).expect("writing to a string succeeds");
        }
        if let Some(detail) = &entry.detail {
            write!(line, " {detail}").expect("writing to a string succeeds");
        }
        line
    }
}
