//! What all clients may know of each other: `CLIENT LIST`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// The clients that are connected, by the number of their connection.
pub type Clients = BTreeMap<u64, Client>;

/// What is told of a client.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub peer: String,
    pub local: String,
    pub name: String,
    pub library: String,
    pub library_version: String,
    /// When it came, since 1970.
    pub since: Duration,
    pub db: usize,
    pub channels: usize,
    pub patterns: usize,
    pub resp: u8,
}

impl Client {
    /// As a line of `CLIENT LIST`.
    pub fn line(&self, id: u64, now: Duration) -> String {
        let mut line = String::new();
        let age = now.saturating_sub(self.since).as_secs();
        // Writing to a string does not fail.
        let _ = write!(
            line,
            "id={id} addr={} laddr={} name={} age={age} flags={} db={} sub={} psub={} resp={} lib-name={} lib-ver={}",
            self.peer,
            self.local,
            self.name,
            if self.channels + self.patterns > 0 { "P" } else { "N" },
            self.db,
            self.channels,
            self.patterns,
            self.resp,
            self.library,
            self.library_version,
        );
        line
    }
}
