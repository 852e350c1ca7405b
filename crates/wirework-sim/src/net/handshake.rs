//! How TCP connections begin: three packets, each of which may be lost or find nobody.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use wirework::ConnectOptions;

use super::path::{arrival, doubled};
use super::{Connection, End, Holder, Life, Name, NetEvent, Side, SocketKey};
use crate::Segment;
use crate::events::Event;
use crate::host::{HostId, Status};
use crate::world::World;

/// How long a client waits for the first answer, and after how many of its packets it gives up (`tcp_syn_retries`): all
/// together 127 s.
const SYN: (Duration, u32) = (Duration::from_secs(1), 6);

/// How often the server repeats its answer where the client's last word does not come (`tcp_synack_retries`).
const SYN_ACK_RETRIES: u32 = 5;

impl World {
    /// Begins to connect. Gives nothing if no host has that address.
    pub(crate) fn begin_connect(
        &mut self,
        host: HostId,
        addr: SocketAddr,
        options: ConnectOptions,
    ) -> io::Result<Option<SocketKey>> {
        self.take_descriptor(host)?;
        let begun = self.place_connection(host, addr, options);
        if !matches!(begun, Ok(Some(_))) {
            self.host_mut(host).sockets -= 1;
        }
        if let Ok(Some(key)) = begun {
            self.send_syn(key, 0);
        }
        begun
    }

    fn place_connection(
        &mut self,
        host: HostId,
        addr: SocketAddr,
        options: ConnectOptions,
    ) -> io::Result<Option<SocketKey>> {
        let Some((server, to)) = self.route(host, addr.ip()) else {
            return Ok(None);
        };
        let from = self.source(host, to, options.bind_addr())?;
        let from = SocketAddr::new(from, self.net.ports.ephemeral(host)?);
        let to = SocketAddr::new(to, addr.port());
        let (there, back) = (self.net.paths.find(host, server), self.net.paths.find(server, host));
        let mut client = End::new(self.host(host), Name::Tcp(from), there, self.now);
        client.life = Life::Connecting;
        client.holder = Holder::Program;
        client.keepalive = options.keepalive_idle();
        let server = End::new(self.host(server), Name::Tcp(to), back, self.now);
        let key = self.net.key(self.net.connections.vacant_key());
        self.net.connections.insert(Connection {
            key,
            is_tcp: true,
            client,
            server,
        });
        Ok(Some(key))
    }

    /// Who has an address, as `host` sees it, and which address that is.
    pub(crate) fn route(&self, host: HostId, address: IpAddr) -> Option<(HostId, IpAddr)> {
        if address.is_loopback() {
            return Some((host, address));
        }
        if address.is_unspecified() {
            // As on Linux: this host.
            let loopback = match address {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            };
            return Some((host, loopback));
        }
        let owner = self.hosts.iter().find(|host| host.has_address(address));
        owner.map(|owner| (owner.id, address))
    }

    /// The address that `host` uses towards `to`.
    pub(crate) fn source(&self, host: HostId, to: IpAddr, wanted: Option<IpAddr>) -> io::Result<IpAddr> {
        let fits = |address: &IpAddr| address.is_ipv4() == to.is_ipv4();
        let host = self.host(host);
        let source = match wanted {
            Some(wanted) => Some(wanted).filter(|it| fits(it) && (it.is_loopback() || host.has_address(*it))),
            None if to.is_loopback() => Some(to),
            None => host.addresses.iter().copied().find(fits),
        };
        source.ok_or_else(|| ErrorKind::AddrNotAvailable.into())
    }

    fn send_syn(&mut self, key: SocketKey, attempt: u32) {
        let Some(end) = self.net.end(key, Side::Client) else {
            return;
        };
        let (id, host) = (end.path, end.host.0);
        let path = self.net.paths.get_mut(id);
        if !path.loses() {
            let arrives = arrival(path, self.now);
            self.events.push(arrives, Event::Net(NetEvent::Syn(key)));
        }
        let again = self.now.saturating_add(doubled(SYN.0, attempt, Duration::from_mins(2)));
        self.events.push(again, Event::Net(NetEvent::SynRetry(key, attempt)));
        self.note(host, "connect", key.index, u64::from(attempt));
    }

    pub(crate) fn syn_unanswered(&mut self, key: SocketKey, attempt: u32) {
        if attempt >= SYN.1 {
            self.break_end(key, Side::Client, ErrorKind::TimedOut);
        } else {
            self.send_syn(key, attempt + 1);
        }
    }

    pub(crate) fn syn_arrives(&mut self, key: SocketKey) {
        let Some(connection) = self.net.connection(key) else {
            return;
        };
        let (path, back) = (connection.client.path, connection.server.path);
        let (host, life, holder) = (connection.server.host, connection.server.life, connection.server.holder);
        let names = (connection.client.name.clone(), connection.server.name.clone());
        if self.net.paths.get(path).clogged {
            self.hold(path, NetEvent::Syn(key));
            return;
        }
        if self.net.paths.get(path).cut || self.host(host).status == Status::Off {
            return;
        }
        self.net.observe_tcp(self.now, &names.0, &names.1, Segment::Syn, &[]);
        let is_repeated = life == Life::Open && matches!(holder, Holder::Queue(_));
        let answer = if is_repeated {
            NetEvent::SynAck(key)
        } else {
            match self.find_listener(host, &names.1) {
                None => NetEvent::Refused(key),
                Some(listener) if self.admit(key, listener) => NetEvent::SynAck(key),
                // The backlog is full.
                Some(_) => return,
            }
        };
        let path = self.net.paths.get_mut(back);
        if !path.loses() {
            let arrives = arrival(path, self.now);
            self.events.push(arrives, Event::Net(answer));
        }
    }

    /// Makes the server's end, if its listener has room for it.
    fn admit(&mut self, key: SocketKey, listener: SocketKey) -> bool {
        let Some(listening) = self.net.listener_mut(listener) else {
            return false;
        };
        if listening.queue.len() + listening.pending >= listening.backlog {
            let host = listening.host.0;
            self.note(host, "backlog full for", key.index, 0);
            return false;
        }
        listening.pending += 1;
        let keepalive = listening.keepalive;
        let Some(end) = self.net.end(key, Side::Server) else {
            return false;
        };
        end.life = Life::Open;
        end.holder = Holder::Queue(listener);
        end.keepalive = keepalive;
        true
    }

    pub(crate) fn refused(&mut self, key: SocketKey) {
        let Some(connection) = self.net.connection(key) else {
            return;
        };
        let (path, life) = (connection.server.path, connection.client.life);
        let names = (connection.server.name.clone(), connection.client.name.clone());
        if self.net.paths.get(path).clogged {
            self.hold(path, NetEvent::Refused(key));
            return;
        }
        if self.net.paths.get(path).cut || life != Life::Connecting {
            return;
        }
        self.net.observe_tcp(self.now, &names.0, &names.1, Segment::Rst, &[]);
        self.break_end(key, Side::Client, ErrorKind::ConnectionRefused);
    }

    pub(crate) fn syn_ack_arrives(&mut self, key: SocketKey) {
        let now = self.now;
        let Some(connection) = self.net.connection_mut(key) else {
            return;
        };
        let (there, back) = (connection.client.path, connection.server.path);
        let names = (connection.server.name.clone(), connection.client.name.clone());
        if self.net.paths.get(back).clogged {
            self.hold(back, NetEvent::SynAck(key));
            return;
        }
        if self.net.paths.get(back).cut {
            return;
        }
        let Some(end) = self.net.end(key, Side::Client) else {
            return;
        };
        match end.life {
            Life::Open => {}
            // It was given up.
            Life::Gone => self.send_reset(key, Side::Client),
            Life::Connecting => {
                end.life = Life::Open;
                end.heard_at = now;
                let (writer, host) = (end.writer.take(), end.host.0);
                self.wake(writer);
                self.note(host, "connected", key.index, 0);
                self.net.observe_tcp(now, &names.0, &names.1, Segment::SynAck, &[]);
                let arrives = arrival(self.net.paths.get_mut(there), now);
                self.events.push(arrives, Event::Net(NetEvent::Established(key, 0)));
            }
        }
    }

    /// The client's last word arrives: now the connection can be accepted.
    pub(crate) fn established(&mut self, key: SocketKey, attempt: u32) {
        let Some(connection) = self.net.connection(key) else {
            return;
        };
        let path = connection.client.path;
        let Holder::Queue(listener) = connection.server.holder else {
            return;
        };
        if self.net.paths.get(path).clogged {
            self.hold(path, NetEvent::Established(key, attempt));
            return;
        }
        if !self.net.paths.get(path).cut {
            self.enqueue(key, listener);
        } else if attempt < SYN_ACK_RETRIES {
            let again = self.now.saturating_add(doubled(SYN.0, attempt, Duration::from_mins(2)));
            self.events
                .push(again, Event::Net(NetEvent::Established(key, attempt + 1)));
        } else {
            // The client believes in it, and will be told once it sends.
            if let Some(listening) = self.net.listener_mut(listener) {
                listening.pending = listening.pending.saturating_sub(1);
            }
            if let Some(end) = self.net.end(key, Side::Server) {
                end.holder = Holder::Nobody;
            }
            self.forget(key, Side::Server);
            self.free(key);
        }
    }

    pub(crate) fn established_by_data(&mut self, key: SocketKey, side: Side) {
        if side == Side::Client
            && let Some(connection) = self.net.connection(key)
            && let Holder::Queue(listener) = connection.server.holder
        {
            self.enqueue(key, listener);
        }
    }

    /// Puts a connection where its listener takes it from, once.
    pub(crate) fn enqueue(&mut self, key: SocketKey, listener: SocketKey) {
        let now = self.now;
        let Some(listening) = self.net.listener_mut(listener) else {
            // Nobody listens any more.
            if let Some(end) = self.net.end(key, Side::Server) {
                end.holder = Holder::Nobody;
            }
            self.send_reset(key, Side::Server);
            return;
        };
        if listening.queue.contains(&key) {
            return;
        }
        listening.pending = listening.pending.saturating_sub(1);
        listening.queue.push_back(key);
        let acceptor = listening.acceptor.take();
        self.wake(acceptor);
        if let Some(end) = self.net.end(key, Side::Server) {
            end.heard_at = now;
        }
    }
}
