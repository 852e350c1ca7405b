//! Unix sockets: connections within a host, found by a path in a file system that is the host's own.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::Path;

use wirework::socket::UnixListenOptions;

use super::{Connection, End, Holder, Life, Listening, Name, Side, SocketKey};
use crate::host::HostId;
use crate::world::World;

/// How many may wait to be accepted, unless the host has a lower limit.
const BACKLOG: usize = 1024;

impl World {
    pub(crate) fn listen_unix(
        &mut self,
        host: HostId,
        path: &Path,
        options: &UnixListenOptions,
    ) -> io::Result<(SocketKey, Name)> {
        let state = self.host(host);
        let backlog = BACKLOG.min(state.options.backlog);
        match state.files.get(path) {
            None => {}
            Some(None) if options.replaces_stale() => {}
            Some(_) => return Err(ErrorKind::AddrInUse.into()),
        }
        self.take_descriptor(host)?;
        let key = self.net.key(self.net.listeners.vacant_key());
        let name = Name::Unix(Some(path.to_owned()));
        self.net.listeners.insert(Listening {
            key,
            host,
            name: name.clone(),
            backlog,
            shares_port: false,
            takes_v4: false,
            keepalive: None,
            queue: VecDeque::new(),
            pending: 0,
            acceptor: None,
            given: 0,
        });
        self.host_mut(host).files.insert(path.to_owned(), Some(key));
        Ok((key, name))
    }

    /// Connects at once, as the system does.
    pub(crate) fn connect_unix(&mut self, host: HostId, path: &Path) -> io::Result<SocketKey> {
        let listener = match self.host(host).files.get(path) {
            None => return Err(ErrorKind::NotFound.into()),
            Some(None) => return Err(ErrorKind::ConnectionRefused.into()),
            Some(Some(listener)) => *listener,
        };
        let listening = self.net.listener_mut(listener).ok_or(ErrorKind::ConnectionRefused)?;
        if listening.queue.len() >= listening.backlog {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.take_descriptor(host)?;
        let loopback = self.net.paths.find(host, host);
        let end = |name, holder| End {
            life: Life::Open,
            holder,
            ..End::new(self.host(host), name, loopback, self.now)
        };
        let client = end(Name::Unix(None), Holder::Program);
        let server = end(Name::Unix(Some(path.to_owned())), Holder::Queue(listener));
        let key = self.net.key(self.net.connections.vacant_key());
        self.net.connections.insert(Connection {
            key,
            is_tcp: false,
            client,
            server,
        });
        if let Some(listening) = self.net.listener_mut(listener) {
            listening.pending += 1;
        }
        self.enqueue(key, listener);
        self.note(host.0, "unix connection", key.index, Side::Client as u64);
        Ok(key)
    }
}
