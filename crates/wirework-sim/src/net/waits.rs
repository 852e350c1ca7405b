//! Who waits for what on the network, for the report of a deadlock.

use wirework::Addr;

use super::{Holder, Life, Side};
use crate::executor::TaskKey;
use crate::world::World;

impl World {
    pub(crate) fn network_waits(&self, waits: &mut Vec<(TaskKey, String)>) {
        for (_, connection) in &self.net.connections {
            for side in [Side::Client, Side::Server] {
                let (end, peer) = (connection.end(side), connection.end(side.other()));
                let number = connection.key.index;
                let from = Addr::from(&peer.name);
                let state = if peer.life == Life::Gone || peer.holder == Holder::Nobody {
                    ", whose end is gone"
                } else {
                    ""
                };
                if let Some(reader) = &end.reader {
                    waits.push((reader.task, format!("bytes from {from} on #{number}{state}")));
                }
                if let Some(writer) = &end.writer {
                    let held = end.unsent.len() + end.flying_length;
                    let what = if end.life == Life::Connecting {
                        format!("an answer of {from} to connect #{number}")
                    } else {
                        format!("room to write to {from} on #{number} ({held} bytes are not there yet){state}")
                    };
                    waits.push((writer.task, what));
                }
            }
        }
        self.listener_waits(waits);
        self.datagram_waits(waits);
    }
}
