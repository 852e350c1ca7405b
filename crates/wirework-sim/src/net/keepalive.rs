//! Asking whether a silent peer is still there.
//!
//! While nothing is wrong the answer is yes, so nothing is asked before something goes wrong: idle connections cost nothing.

use std::io::ErrorKind;
use std::time::Duration;

use super::{Life, NetEvent, PathId, Side, SocketKey};
use crate::events::Event;
use crate::host::Status;
use crate::link::nanos;
use crate::world::World;

/// How long it takes to ask again, and after how many times without an answer the connection is given up: Linux's defaults.
const PROBE: (Duration, u32) = (Duration::from_secs(75), 9);

impl World {
    /// Something is wrong with `path`: the connections that use it will find out when they are idle.
    pub(crate) fn look_after_idle(&mut self, path: PathId) {
        let uses = self.net.connections.iter().filter(|(_, connection)| {
            [&connection.client, &connection.server]
                .iter()
                .any(|end| end.path == path)
        });
        let keys: Vec<_> = uses.map(|(_, connection)| connection.key).collect();
        for key in keys {
            self.look_after(key, Side::Client);
            self.look_after(key, Side::Server);
        }
    }

    /// Lets one side ask when it has heard nothing for as long as its program said.
    pub(crate) fn look_after(&mut self, key: SocketKey, side: Side) {
        let now = self.now;
        let Some(end) = self.net.end(key, side) else { return };
        let Some(idle) = end
            .keepalive
            .filter(|_| end.life == Life::Open && end.probing.is_none())
        else {
            return;
        };
        let first = end.heard_at.saturating_add(nanos(idle)).max(now);
        end.probes += 1;
        let probe = end.probes << 4;
        end.probing = Some(probe);
        self.events
            .push(first, Event::Net(NetEvent::KeepAlive(key, side, probe)));
    }

    /// One side asks. The low bits of its number say how often it has without an answer.
    pub(crate) fn probe(&mut self, key: SocketKey, side: Side) {
        let now = self.now;
        let Some(connection) = self.net.connection_mut(key) else {
            return;
        };
        let (end, peer) = connection.both(side);
        let (Some(probe), Some(idle)) = (end.probing.take(), end.keepalive) else {
            return;
        };
        if end.life != Life::Open {
            return;
        }
        let quiet_since = end.heard_at.saturating_add(nanos(idle));
        let (there, back, peer_life, peer_host) = (end.path, peer.path, peer.life, peer.host);
        let is_reachable = self.is_open_both_ways(there, back) && self.host(peer_host).status != Status::Off;
        if is_reachable {
            if peer_life == Life::Gone {
                self.break_end(key, side, ErrorKind::ConnectionReset);
            }
            return;
        }
        let unanswered = probe & 0xf;
        let (next, again) = if now < quiet_since {
            // It has heard something since.
            (probe & !0xf, quiet_since)
        } else if unanswered < PROBE.1 {
            (probe + 1, now.saturating_add(nanos(PROBE.0)))
        } else {
            self.break_end(key, side, ErrorKind::TimedOut);
            return;
        };
        if let Some(end) = self.net.end(key, side) {
            end.probing = Some(next);
        }
        self.events
            .push(again, Event::Net(NetEvent::KeepAlive(key, side, next)));
    }
}
