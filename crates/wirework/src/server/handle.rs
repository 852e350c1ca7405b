//! Looking into a running server from elsewhere in the program.

use std::sync::Arc;
use std::time::Duration;

use super::Report;
use super::live::Live;
use super::tally::Tally;
use crate::record::{Phase, Record};
use crate::{Addr, Context, Shutdown};

/// Sees what a running server does, lists its connections and closes them; from
/// [`RunningServer::handle`](crate::RunningServer::handle). Cheap to clone, and keeps nothing alive.
///
/// ```
/// use wirework::ServerHandle;
///
/// fn print(server: &ServerHandle) {
///     println!("{}", server.report());
///     for connection in server.connections() {
///         println!("{} {} {:?} {} B in", connection.id, connection.peer, connection.age, connection.read);
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ServerHandle {
    pub(super) clock: Context,
    pub(super) tally: Arc<Tally>,
    pub(super) live: Arc<Live>,
    pub(super) drain: Shutdown,
    pub(super) listeners: usize,
}

impl ServerHandle {
    /// What has become of the connections so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.tally.report()
    }

    /// Whether it accepts connections: `false` as soon as a shutdown has begun, or its last listener has failed. What a load
    /// balancer wants to know.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.drain.has_begun() && self.tally.lost_listeners() < self.listeners as u64
    }

    /// The live connections, the oldest first.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        self.live
            .all()
            .iter()
            .map(|record| ConnectionStatus::of(record))
            .collect()
    }

    /// Closes the connection of that [number](Context::connection_id): its handler is dropped. Says whether there was such a
    /// connection. It counts as cut.
    #[expect(clippy::must_use_candidate, reason = "a connection that has ended is closed, too")]
    pub fn close(&self, id: u64) -> bool {
        let record = self.live.get(id);
        if let Some(record) = &record {
            record.close();
        }
        record.is_some()
    }
}

/// A live connection, as it was when it was asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionStatus {
    /// Its number: counted from 0 by each server.
    pub id: u64,
    /// Whom it is for.
    pub peer: Addr,
    /// The other end itself, be it that one or a proxy.
    pub direct_peer: Addr,
    /// How long ago it was accepted.
    pub age: Duration,
    /// What it is doing.
    pub phase: Phase,
    /// Bytes received.
    pub read: u64,
    /// Bytes sent.
    pub written: u64,
    /// Bytes of a frame that is not complete.
    pub buffered: usize,
    /// Bytes that wait because the peer does not take them.
    pub unsent: usize,
}

impl ConnectionStatus {
    fn of(record: &Record) -> Self {
        let phase = record.phase();
        Self {
            id: record.id,
            peer: record.peer().clone(),
            direct_peer: record.direct_peer.clone(),
            age: Duration::from_nanos(record.age()),
            phase,
            read: record.read(),
            written: record.written(),
            buffered: if phase == Phase::InFrame { record.buffered() } else { 0 },
            unsent: record.unsent(),
        }
    }
}
