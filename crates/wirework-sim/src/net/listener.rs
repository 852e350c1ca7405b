//! Listeners: where connections wait to be accepted.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use wirework::{Addr, Listener};

use super::{Holder, Life, Name, Net, Side, SimStream, SocketKey};
use crate::executor::TaskKey;
use crate::host::HostId;
use crate::shared::{Shared, Waiter};
use crate::world::World;

/// `EMFILE`: too many open files, which std has no kind for.
const TOO_MANY_FILES: i32 = 24;

/// Errors in place of accepted connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AcceptFault {
    pub(crate) count: usize,
    pub(crate) kind: ErrorKind,
}

/// A listener as the kernel has it.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) key: SocketKey,
    pub(crate) host: HostId,
    pub(crate) name: Name,
    pub(crate) backlog: usize,
    pub(crate) shares_port: bool,
    pub(crate) takes_v4: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) queue: VecDeque<SocketKey>,
    /// How many have begun to connect and are not in the queue yet.
    pub(crate) pending: usize,
    pub(crate) acceptor: Option<Waiter>,
    /// How many connections it was given, for sharing a port fairly.
    pub(crate) given: u64,
}

impl Listening {
    fn takes(&self, addr: SocketAddr) -> bool {
        let Name::Tcp(own) = &self.name else { return false };
        let any = own.ip().is_unspecified() && (own.is_ipv4() == addr.is_ipv4() || (own.is_ipv6() && self.takes_v4));
        own.port() == addr.port() && (own.ip() == addr.ip() || any)
    }

    /// Whether both cannot listen.
    pub(crate) fn collides(&self, host: HostId, addr: SocketAddr, shares_port: bool) -> bool {
        let Name::Tcp(own) = &self.name else { return false };
        let overlaps = own.ip() == addr.ip()
            || (own.is_ipv4() == addr.is_ipv4() && (own.ip().is_unspecified() || addr.ip().is_unspecified()));
        self.host == host && own.port() == addr.port() && overlaps && !(self.shares_port && shares_port)
    }
}

impl Net {
    pub(crate) fn listener_mut(&mut self, key: SocketKey) -> Option<&mut Listening> {
        self.listeners
            .get_mut(key.index as usize)
            .filter(|listening| listening.key == key)
    }
}

impl World {
    pub(crate) fn take_descriptor(&mut self, host: HostId) -> io::Result<()> {
        let host = self.host_mut(host);
        if host.sockets >= host.options.descriptors {
            return Err(io::Error::from_raw_os_error(TOO_MANY_FILES));
        }
        host.sockets += 1;
        Ok(())
    }

    /// Who listens there; of several that share the port, whoever was given the fewest connections.
    pub(crate) fn find_listener(&mut self, host: HostId, name: &Name) -> Option<SocketKey> {
        let Name::Tcp(addr) = name else { return None };
        let listeners = self.net.listeners.iter_mut().map(|(_, listening)| listening);
        let takes = listeners.filter(|listening| listening.host == host && listening.takes(*addr));
        let chosen = takes.min_by_key(|listening| (listening.given, listening.key))?;
        chosen.given += 1;
        Some(chosen.key)
    }

    /// Takes a connection out of the queue.
    fn accept(&mut self, key: SocketKey, cx: &Context<'_>) -> Poll<io::Result<SocketKey>> {
        let waiter = self.waiter(cx);
        let Some(listening) = self.net.listener_mut(key) else {
            return Poll::Ready(Err(ErrorKind::InvalidInput.into()));
        };
        let host = listening.host;
        if listening.queue.is_empty() && self.hosts[host.index()].accept_fault.is_none() {
            let replaced = listening.acceptor.replace(waiter);
            self.discard(replaced);
            return Poll::Pending;
        }
        self.discard(Some(waiter));
        if let Some(fault) = &mut self.host_mut(host).accept_fault {
            let kind = fault.kind;
            fault.count -= 1;
            if fault.count == 0 {
                self.host_mut(host).accept_fault = None;
            }
            self.note(host.0, "accept fails", key.index, 0);
            return Poll::Ready(Err(kind.into()));
        }
        self.take_descriptor(host)?;
        let listening = self.net.listener_mut(key).expect("it was just there");
        let connection = listening.queue.pop_front().expect("it is not empty");
        if let Some(end) = self.net.end(connection, Side::Server) {
            end.holder = Holder::Program;
        }
        self.note(host.0, "accept", connection.index, 0);
        Poll::Ready(Ok(connection))
    }

    pub(crate) fn wake_acceptors(&mut self, host: HostId) {
        let of_host = self
            .net
            .listeners
            .iter_mut()
            .filter(|(_, listening)| listening.host == host);
        let acceptors: Vec<_> = of_host.filter_map(|(_, listening)| listening.acceptor.take()).collect();
        for acceptor in acceptors {
            self.wake(Some(acceptor));
        }
    }

    /// Ends a listener. What waits to be accepted is reset, as on Linux.
    pub(crate) fn close_listener(&mut self, key: SocketKey) {
        if self.net.listener_mut(key).is_none() {
            return;
        }
        let listening = self.net.listeners.remove(key.index as usize);
        self.host_mut(listening.host).sockets -= 1;
        self.wake(listening.acceptor);
        match &listening.name {
            Name::Tcp(addr) => {
                let others = self.net.listeners.iter().any(|(_, other)| {
                    other.host == listening.host && matches!(&other.name, Name::Tcp(it) if it.port() == addr.port())
                });
                if !others {
                    self.net.ports.release_addr(listening.host, *addr);
                }
            }
            Name::Unix(path) => {
                let path = path.clone().unwrap_or_default();
                // The file stays.
                self.host_mut(listening.host)
                    .files
                    .entry(path)
                    .and_modify(|it| *it = None);
            }
        }
        for connection in listening.queue {
            let Some(end) = self.net.end(connection, Side::Server) else {
                continue;
            };
            end.holder = Holder::Nobody;
            if end.life == Life::Open {
                self.send_reset(connection, Side::Server);
            }
            self.free(connection);
        }
    }

    pub(crate) fn close_listeners(&mut self, host: HostId) {
        let of_host = self
            .net
            .listeners
            .iter()
            .filter(|(_, listening)| listening.host == host);
        let keys: Vec<_> = of_host.map(|(_, listening)| listening.key).collect();
        for key in keys {
            self.close_listener(key);
        }
    }

    pub(crate) fn listener_waits(&self, waits: &mut Vec<(TaskKey, String)>) {
        for (_, listening) in &self.net.listeners {
            if let Some(acceptor) = &listening.acceptor {
                waits.push((
                    acceptor.task,
                    format!("a connection at {}", Addr::from(&listening.name)),
                ));
            }
        }
    }
}

/// A listening socket of the kernel's, which ends with its last handle.
struct Listen {
    shared: Arc<Shared>,
    key: SocketKey,
    name: Name,
}

impl Listen {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<SimStream>> {
        let accepted = self.shared.lock().accept(self.key, cx);
        accepted.map_ok(|key| SimStream::new(&self.shared, key, Side::Server))
    }
}

impl Drop for Listen {
    fn drop(&mut self) {
        self.shared.lock().close_listener(self.key);
    }
}

/// A TCP listener of a simulated host.
pub struct SimTcpListener(Listen);

/// A listening Unix socket of a simulated host, whose file is in a file system of the host's own. Dropping it leaves the file
/// where it is.
pub struct SimUnixListener(Listen);

impl SimTcpListener {
    pub(crate) fn new(shared: &Arc<Shared>, key: SocketKey, name: Name) -> Self {
        let shared = Arc::clone(shared);
        Self(Listen { shared, key, name })
    }
}

impl SimUnixListener {
    pub(crate) fn new(shared: &Arc<Shared>, key: SocketKey, name: Name) -> Self {
        let shared = Arc::clone(shared);
        Self(Listen { shared, key, name })
    }
}

impl Listener for SimTcpListener {
    type Connection = SimStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SimStream>> {
        self.0.poll_accept(cx)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::from(&self.0.name))
    }
}

impl Listener for SimUnixListener {
    type Connection = SimStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SimStream>> {
        self.0.poll_accept(cx)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::from(&self.0.name))
    }
}

impl fmt::Debug for SimTcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimTcpListener").field(&self.0.name).finish()
    }
}

impl fmt::Debug for SimUnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimUnixListener").field(&self.0.name).finish()
    }
}
