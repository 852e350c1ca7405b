//! How connections end: in good order, by a reset, and without a word.

use std::io::ErrorKind;
use std::mem;

use bytes::BytesMut;

use super::connection::Fin;
use super::path::arrival;
use super::{Holder, Life, NetEvent, Side, SocketKey};
use crate::Segment;
use crate::events::Event;
use crate::host::HostId;
use crate::world::World;

impl World {
    /// Ends the writing direction, once everything was sent.
    pub(crate) fn shut_write(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        if end.fin == Fin::Open {
            end.fin = Fin::Queued;
            let writer = end.writer.take();
            self.wake(writer);
            self.pump(key, side);
        }
    }

    /// The program has let go of an end: what it wrote is still sent, unless it left something unread (RFC 1122, section
    /// 4.2.2.13).
    pub(crate) fn close(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        let (holder, host) = (mem::replace(&mut end.holder, Holder::Nobody), end.host);
        let unread = mem::take(&mut end.received_length);
        end.received.clear();
        let wakers = [end.reader.take(), end.writer.take()];
        let life = end.life;
        for waiter in wakers {
            self.discard(waiter);
        }
        if holder == Holder::Program {
            self.host_mut(host).sockets -= 1;
        }
        match life {
            Life::Connecting => self.forget(key, side),
            Life::Open if unread > 0 => self.send_reset(key, side),
            Life::Open => self.shut_write(key, side),
            Life::Gone => {}
        }
        self.finish_end(key, side);
        self.free(key);
    }

    /// Tells the other side that there is no such connection, which forgets it on this one.
    pub(crate) fn send_reset(&mut self, key: SocketKey, side: Side) {
        self.forget(key, side);
        let Some(end) = self.net.end(key, side) else { return };
        let (id, last) = (end.path, end.last_arrival);
        let path = self.net.paths.get_mut(id);
        if !path.cut {
            let arrives = arrival(path, self.now).max(last.saturating_add(1));
            self.events
                .push(arrives, Event::Net(NetEvent::Reset(key, side.other())));
        }
    }

    /// A reset arrives at one side.
    pub(crate) fn reset_arrives(&mut self, key: SocketKey, side: Side) {
        let Some(connection) = self.net.connection_mut(key) else {
            return;
        };
        let (end, peer) = connection.both(side);
        let (path, life, was_at_end) = (peer.path, end.life, end.fin_received);
        if self.net.paths.get(path).clogged {
            self.hold(path, NetEvent::Reset(key, side));
            return;
        }
        if self.net.paths.get(path).cut || life == Life::Gone {
            self.free(key);
            return;
        }
        let Some(connection) = self.net.connection(key) else {
            return;
        };
        let names = (
            connection.end(side.other()).name.clone(),
            connection.end(side).name.clone(),
        );
        self.net.observe_tcp(self.now, &names.0, &names.1, Segment::Rst, &[]);
        self.leave_backlog(key, side);
        // As in Linux: after the end of the stream nothing was lost that the reader waits for.
        let kind = if was_at_end {
            ErrorKind::BrokenPipe
        } else {
            ErrorKind::ConnectionReset
        };
        self.break_end(key, side, kind);
    }

    /// A server's end that was never established takes no place at its listener any more.
    fn leave_backlog(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        let Holder::Queue(listener) = end.holder else { return };
        if let Some(listening) = self.net.listener_mut(listener) {
            if listening.queue.contains(&key) {
                // It is accepted all the same, as on Linux, and then found to be broken.
                return;
            }
            listening.pending = listening.pending.saturating_sub(1);
        }
        if let Some(end) = self.net.end(key, side) {
            end.holder = Holder::Nobody;
        }
    }

    /// Takes one end down, and leaves what it has received.
    pub(crate) fn break_end(&mut self, key: SocketKey, side: Side, kind: ErrorKind) {
        let Some(end) = self.net.end(key, side) else { return };
        end.error = Some(kind);
        end.is_broken = true;
        let (wakers, host) = ([end.reader.take(), end.writer.take()], end.host.0);
        for waiter in wakers {
            self.wake(waiter);
        }
        self.note(host, "broken:", key.index, kind as u64);
        self.forget(key, side);
        self.free(key);
    }

    /// The kernel of one side knows nothing of the connection any more.
    pub(crate) fn forget(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        end.life = Life::Gone;
        end.unsent = BytesMut::new();
        end.stall = None;
        end.probing = None;
    }

    /// Forgets an end that nobody has, after both directions came to their end.
    pub(crate) fn finish_end(&mut self, key: SocketKey, side: Side) {
        let Some(end) = self.net.end(key, side) else { return };
        let is_complete = end.fin == Fin::Delivered && end.fin_received;
        if end.holder == Holder::Nobody && is_complete && end.life == Life::Open {
            self.forget(key, side);
            self.free(key);
        }
    }

    /// Drops a connection that neither side knows nor has.
    pub(crate) fn free(&mut self, key: SocketKey) {
        let Some(connection) = self.net.connection(key) else {
            return;
        };
        let ends = [&connection.client, &connection.server];
        if ends
            .iter()
            .all(|end| end.life == Life::Gone && end.holder == Holder::Nobody)
        {
            let connection = self.net.connections.remove(key.index as usize);
            self.net.ports.release(connection.client.host, &connection.client.name);
        }
    }

    /// The keys of all connections with an end at `host`, with that side.
    fn ends_at(&self, host: HostId) -> Vec<(SocketKey, Side)> {
        let mut ends = Vec::new();
        for (_, connection) in &self.net.connections {
            for side in [Side::Client, Side::Server] {
                if connection.end(side).host == host {
                    ends.push((connection.key, side));
                }
            }
        }
        ends
    }

    /// Forgets all sockets of a host, without a word to anybody.
    pub(crate) fn silence(&mut self, host: HostId) {
        for (key, side) in self.ends_at(host) {
            let Some(end) = self.net.end(key, side) else { continue };
            // One that nothing has reached so far may yet come to be.
            if end.life != Life::Gone || end.holder != Holder::Nobody {
                end.error = Some(ErrorKind::NetworkDown);
                end.is_broken = true;
                if matches!(end.holder, Holder::Queue(_)) {
                    end.holder = Holder::Nobody;
                }
                self.forget(key, side);
            }
            self.look_after(key, side.other());
            self.free(key);
        }
        for (_, listener) in &mut self.net.listeners {
            if listener.host == host {
                listener.queue.clear();
            }
        }
    }

    /// Closes all sockets that a dead host's programs left, wherever they are held.
    pub(crate) fn close_all(&mut self, host: HostId) {
        for (key, side) in self.ends_at(host) {
            let Some(end) = self.net.end(key, side) else { continue };
            if matches!(end.holder, Holder::Queue(_)) {
                // What no program has is not closed but reset, with its listener.
                continue;
            }
            let wakers = [end.reader.take(), end.writer.take()];
            for waiter in wakers {
                self.wake(waiter);
            }
            self.close(key, side);
        }
        self.close_listeners(host);
        self.close_datagrams(host);
        debug_assert_eq!(self.host(host).sockets, 0, "every socket was closed");
    }

    /// Resets the connections between two hosts, for both ends. Gives how many there were.
    pub(crate) fn reset_between(&mut self, a: HostId, b: HostId) -> usize {
        let between = self.net.connections.iter().filter(|(_, connection)| {
            let hosts = (connection.client.host, connection.server.host);
            connection.is_tcp && (hosts == (a, b) || hosts == (b, a))
        });
        let keys: Vec<_> = between.map(|(_, connection)| connection.key).collect();
        let mut count = 0;
        for key in keys {
            let Some(connection) = self.net.connection(key) else {
                continue;
            };
            let is_open = connection.client.life == Life::Open && connection.server.life == Life::Open;
            if is_open {
                count += 1;
                for side in [Side::Client, Side::Server] {
                    self.break_end(key, side, ErrorKind::ConnectionReset);
                }
            }
        }
        count
    }
}
