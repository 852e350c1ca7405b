//! Sockets, as a capability of a simulated host.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use wirework::socket::ListenOptions;
#[cfg(unix)]
use wirework::socket::UnixListenOptions;
use wirework::{ConnectOptions, Network, Runtime, socket};

#[cfg(unix)]
use crate::SimUnixListener;
use crate::net::{Life, Listening, Name, Side, SocketKey, StreamCore};
use crate::world::World;
use crate::{SimRuntime, SimStream, SimTcpListener, SimUdpSocket};

/// How long it takes a host to find out that nobody on its network has an address (`delay_first_probe` and three probes).
const UNREACHABLE: Duration = Duration::from_secs(3);

impl Network for SimRuntime {
    type TcpStream = SimStream;
    type TcpListener = SimTcpListener;
    type UdpSocket = SimUdpSocket;
    #[cfg(unix)]
    type UnixStream = SimStream;
    #[cfg(unix)]
    type UnixListener = SimUnixListener;

    async fn connect_tcp_with(&self, addr: SocketAddr, options: ConnectOptions) -> io::Result<SimStream> {
        let connected = self.connect(addr, options).await;
        connected.map_err(|error| socket::cannot_connect(addr, &error))
    }

    fn listen_tcp_with(&self, addr: SocketAddr, options: &ListenOptions) -> io::Result<SimTcpListener> {
        let listen = || {
            self.check_alive()?;
            self.shared().lock().listen_tcp(self.host_id(), addr, options)
        };
        let (key, name) = listen().map_err(|error| naming(&error, format_args!("listen on {addr}")))?;
        Ok(SimTcpListener::new(self.shared(), key, name))
    }

    fn bind_udp(&self, addr: SocketAddr) -> io::Result<SimUdpSocket> {
        let bind = || {
            self.check_alive()?;
            SimUdpSocket::bind(self.shared(), self.host_id(), addr)
        };
        bind().map_err(|error| naming(&error, format_args!("bind {addr}")))
    }

    #[cfg(unix)]
    async fn connect_unix(&self, path: &Path) -> io::Result<SimStream> {
        let connect = || {
            self.check_alive()?;
            self.shared().lock().connect_unix(self.host_id(), path)
        };
        let key = connect().map_err(|error| socket::cannot_connect(path.display(), &error))?;
        Ok(SimStream::new(self.shared(), key, Side::Client))
    }

    #[cfg(unix)]
    fn listen_unix_with(&self, path: &Path, options: &UnixListenOptions) -> io::Result<SimUnixListener> {
        let listen = || {
            self.check_alive()?;
            self.shared().lock().listen_unix(self.host_id(), path, options)
        };
        let (key, name) = listen().map_err(|error| naming(&error, format_args!("listen on {}", path.display())))?;
        Ok(SimUnixListener::new(self.shared(), key, name))
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let takes = self.shared().lock().lookup_takes(self.host_id(), host);
        self.timer(self.now() + takes).await;
        let found = self
            .check_alive()
            .and_then(|()| self.shared().lock().look_up(self.host_id(), host));
        let found = found.map_err(|error| naming(&error, format_args!("resolve {host:?}")))?;
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

impl SimRuntime {
    async fn connect(&self, addr: SocketAddr, options: ConnectOptions) -> io::Result<SimStream> {
        self.check_alive()?;
        let begun = self.shared().lock().begin_connect(self.host_id(), addr, options)?;
        let Some(key) = begun else {
            self.timer(self.now() + UNREACHABLE).await;
            return Err(ErrorKind::HostUnreachable.into());
        };
        // Closes the socket if the attempt is given up.
        let core = StreamCore {
            shared: Arc::clone(self.shared()),
            key,
            side: Side::Client,
        };
        poll_fn(|cx| {
            let mut world = core.shared.lock();
            let waiter = world.waiter(cx);
            let Some(end) = world.net.end(key, Side::Client) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            let outcome: io::Result<()> = match (end.error.take(), end.life) {
                (Some(kind), _) => Err(kind.into()),
                (None, Life::Open) => Ok(()),
                (None, Life::Gone) => Err(ErrorKind::NotConnected.into()),
                (None, Life::Connecting) => {
                    let replaced = end.writer.replace(waiter);
                    world.discard(replaced);
                    return Poll::Pending;
                }
            };
            world.discard(Some(waiter));
            Poll::Ready(outcome)
        })
        .await?;
        Ok(SimStream::from_core(core))
    }

    /// Fails for what is left of a former life.
    fn check_alive(&self) -> io::Result<()> {
        let world = self.shared().lock();
        let host = world.host(self.host_id());
        if host.is_alive(self.epoch()) {
            return Ok(());
        }
        let why = format!("{:?}, whose runtime this is, has been stopped since", host.name);
        Err(io::Error::new(ErrorKind::NetworkDown, why))
    }
}

impl World {
    fn listen_tcp(
        &mut self,
        host: crate::host::HostId,
        addr: SocketAddr,
        options: &ListenOptions,
    ) -> io::Result<(SocketKey, Name)> {
        let ip = addr.ip();
        if !(ip.is_unspecified() || ip.is_loopback() || self.host(host).has_address(ip)) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let shares_port = options.shares_port();
        let collides = |listening: &Listening| listening.collides(host, addr, shares_port);
        if addr.port() != 0 && self.net.listeners.iter().any(|(_, listening)| collides(listening)) {
            return Err(ErrorKind::AddrInUse.into());
        }
        self.take_descriptor(host)?;
        let port = match self.net.ports.claim(host, addr.port()) {
            Ok(port) => port,
            Err(error) => {
                self.host_mut(host).sockets -= 1;
                return Err(error);
            }
        };
        let name = Name::Tcp(SocketAddr::new(ip, port));
        let key = self.net.key(self.net.listeners.vacant_key());
        self.net.listeners.insert(Listening {
            key,
            host,
            name: name.clone(),
            backlog: options.backlog_limit().min(self.host(host).options.backlog),
            shares_port,
            takes_v4: !options.is_only_v6().unwrap_or(false),
            keepalive: options.keepalive_idle(),
            queue: VecDeque::new(),
            pending: 0,
            acceptor: None,
            given: 0,
        });
        Ok((key, name))
    }
}

/// The same kind of error, saying what was attempted.
fn naming(error: &io::Error, attempt: std::fmt::Arguments<'_>) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {attempt}: {error}"))
}
