//! One direction of a connection: bytes leave the sender's buffer, take their time, and arrive in the receiver's.
//!
//! Acknowledgements and windows are not packets of their own: the sender knows what the receiver has taken. But where the
//! way back is cut it does not, and where a packet is lost it waits before it sends again, twice as long each time, as
//! Linux does.

use std::io::ErrorKind;
use std::time::Duration;

use bytes::BytesMut;

use super::connection::{Fin, Flying};
use super::path::doubled;
use super::{Holder, Life, NetEvent, Side, SocketKey};
use crate::Segment;
use crate::events::Event;
use crate::host::Status;
use crate::world::World;

/// The header of a TCP packet.
const HEADER: usize = 40;

/// The first and the longest wait for an acknowledgement, and after how many of them Linux gives up (`tcp_retries2`): all
/// together 924.6 s.
const RETRANSMIT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_mins(2));
const RETRIES: u32 = 15;

impl World {
    /// Sends what can be sent from one side.
    pub(crate) fn pump(&mut self, key: SocketKey, side: Side) {
        while let Some(flying) = self.take_packet(key, side) {
            let Some(connection) = self.net.connections.get_mut(key.index as usize) else {
                return;
            };
            let is_tcp = connection.is_tcp;
            let end = connection.end_mut(side);
            let path = self.net.paths.get_mut(end.path);
            let is_lost = is_tcp && path.loses();
            let arrives = path
                .transmit(self.now, HEADER + flying.bytes.len())
                .max(end.last_arrival);
            end.flying_length += flying.bytes.len();
            end.flying.push_back(Flying { arrives, ..flying });
            if is_lost {
                self.stall(key, side);
                return;
            }
            end.last_arrival = arrives;
            if !end.arrival_planned {
                end.arrival_planned = true;
                self.events.push(arrives, Event::Net(NetEvent::Arrival(key, side)));
            }
        }
    }

    /// The next packet from one side, unless there is nothing to send, or no room for it.
    fn take_packet(&mut self, key: SocketKey, side: Side) -> Option<Flying> {
        let connection = self
            .net
            .connections
            .get_mut(key.index as usize)
            .filter(|it| it.key == key)?;
        let (end, peer) = connection.both(side);
        if end.stall.is_some() || end.life != Life::Open {
            return None;
        }
        if end.unsent.is_empty() {
            if end.fin != Fin::Queued {
                return None;
            }
            end.fin = Fin::Sent;
            return Some(Flying {
                arrives: 0,
                bytes: bytes::Bytes::new(),
                is_fin: true,
            });
        }
        let largest = self.net.paths.get(end.path).link.mtu - HEADER;
        let window = peer
            .receive_buffer
            .saturating_sub(peer.received_length + end.flying_length);
        // A window that has only just opened is not worth a packet (RFC 9293, section 3.8.6.2).
        let worthwhile = end.unsent.len().min(largest).min((peer.receive_buffer / 4).max(1));
        if window < worthwhile {
            return None;
        }
        let length = end.unsent.len().min(largest).min(window);
        Some(Flying {
            arrives: 0,
            bytes: end.unsent.split_to(length).freeze(),
            is_fin: false,
        })
    }

    /// What one side sent is there, unless the way was cut meanwhile.
    pub(crate) fn arrival(&mut self, key: SocketKey, side: Side) {
        let Some(connection) = self.net.connections.get_mut(key.index as usize) else {
            return;
        };
        let (end, peer) = connection.both(side);
        let (path, back) = (end.path, peer.path);
        if self.net.paths.get(path).clogged {
            self.hold(path, NetEvent::Arrival(key, side));
            return;
        }
        end.arrival_planned = false;
        if end.stall.is_some() {
            return;
        }
        if self.net.paths.get(path).cut || self.hosts[peer.host.index()].status == Status::Off {
            self.stall(key, side);
            return;
        }
        while self.take_in(key, side) {}
        if self.net.paths.get(back).cut {
            // It arrived, but nobody can say so.
            self.stall(key, side);
            return;
        }
        self.pump(key, side);
        self.finish_end(key, side);
        self.finish_end(key, side.other());
    }

    /// Takes one packet off the wire that has arrived.
    fn take_in(&mut self, key: SocketKey, side: Side) -> bool {
        let now = self.now;
        let Some(connection) = self
            .net
            .connections
            .get_mut(key.index as usize)
            .filter(|it| it.key == key)
        else {
            return false;
        };
        let (end, peer) = connection.both(side);
        match end.flying.front() {
            None => return false,
            Some(flying) if flying.arrives > now => {
                if !end.arrival_planned {
                    end.arrival_planned = true;
                    let arrives = flying.arrives;
                    self.events.push(arrives, Event::Net(NetEvent::Arrival(key, side)));
                }
                return false;
            }
            Some(_) => {}
        }
        let nobody_reads = peer.life == Life::Gone || peer.holder == Holder::Nobody;
        let flying = end.flying.pop_front().expect("it was just there");
        let (host, length) = (peer.host.0, flying.bytes.len());
        end.flying_length -= length;
        end.attempts = 0;
        if nobody_reads && (peer.life == Life::Gone || length > 0) {
            // RFC 9293, section 3.10.7.1: what belongs to no connection is answered by a reset.
            self.send_reset(key, side.other());
            return false;
        }
        let segment = if flying.is_fin { Segment::Fin } else { Segment::Data };
        let (from, to) = (&end.name, &peer.name);
        if !self.net.observers.is_empty() {
            let (from, to) = (from.clone(), to.clone());
            self.net.observe_tcp(now, &from, &to, segment, &flying.bytes);
        }
        let Some(connection) = self.net.connection_mut(key) else {
            return false;
        };
        let (end, peer) = connection.both(side);
        peer.heard_at = now;
        let writer = if end.has_room() { end.writer.take() } else { None };
        let reader = peer.reader.take();
        let sample = flying
            .bytes
            .first_chunk()
            .map_or(length as u64, |bytes| u64::from_le_bytes(*bytes));
        if flying.is_fin {
            end.fin = Fin::Delivered;
            peer.fin_received = true;
        } else {
            peer.received_length += length;
            peer.received.push_back(flying.bytes);
        }
        self.wake(writer);
        self.wake(reader);
        self.trace.mix(sample);
        self.note(
            host,
            if flying.is_fin { "end of" } else { "data on" },
            key.index,
            length as u64,
        );
        // The last packet of the handshake may have been lost; data does as well.
        self.established_by_data(key, side);
        true
    }

    /// Nothing more is sent from one side until it tries again.
    pub(crate) fn stall(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        end.stalls += 1;
        end.stall = Some(end.stalls);
        let (stall, attempts, host) = (end.stalls, end.attempts, end.host.0);
        // What is on its way is lost with it, or would come too early.
        let mut unsent = BytesMut::with_capacity(end.flying_length + end.unsent.len());
        for flying in end.flying.drain(..) {
            unsent.extend_from_slice(&flying.bytes);
            if flying.is_fin {
                end.fin = Fin::Queued;
            }
        }
        unsent.extend_from_slice(&end.unsent);
        end.unsent = unsent;
        end.flying_length = 0;
        let wait = doubled(RETRANSMIT.0, attempts, RETRANSMIT.1);
        self.events.push(
            self.now.saturating_add(wait),
            Event::Net(NetEvent::Retry(key, side, stall)),
        );
        self.note(host, "stall of", key.index, u64::from(attempts));
    }

    /// The time to wait is over: one side sends again, or gives up.
    pub(crate) fn retry(&mut self, key: SocketKey, side: Side) {
        let Some(connection) = self.net.connection_mut(key) else {
            return;
        };
        let (end, peer) = connection.both(side);
        let (there, back, other) = (end.path, peer.path, peer.host);
        end.stall = None;
        end.attempts += 1;
        let (is_over, host) = (end.attempts > RETRIES, end.host.0);
        let is_silent = self.hosts[other.index()].status == Status::Off;
        let is_lost = self.net.paths.get_mut(there).loses() || self.net.paths.get(back).cut || is_silent;
        if !is_lost {
            self.pump(key, side);
            return;
        }
        if is_over {
            self.note(host, "gave up on", key.index, 0);
            self.break_end(key, side, ErrorKind::TimedOut);
        } else {
            self.stall(key, side);
        }
    }
}
