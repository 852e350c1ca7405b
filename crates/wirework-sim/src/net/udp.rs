//! UDP: datagrams, which may be lost, doubled, overtaken, or too many.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::path::Path;
use super::{NetEvent, PathId, SocketKey};
use crate::events::Event;
use crate::executor::TaskKey;
use crate::host::{HostId, Status};
use crate::shared::{Shared, Waiter};
use crate::world::World;

/// The most that fits into an IPv4 packet.
const LARGEST: usize = 65_507;

/// `EMSGSIZE`, which std has no stable kind for.
const TOO_LONG: i32 = 90;

/// The headers of IPv4 and UDP.
const HEADER: usize = 28;

/// What the kernel counts for a datagram beside its bytes.
const OVERHEAD: usize = 64;

/// A datagram on its way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    host: HostId,
    path: PathId,
    bytes: Bytes,
}

/// A socket as the kernel has it.
#[derive(Debug)]
pub(crate) struct UdpState {
    key: SocketKey,
    host: HostId,
    addr: SocketAddr,
    queue: VecDeque<(Bytes, SocketAddr)>,
    queued: usize,
    receiver: Option<Waiter>,
}

impl UdpState {
    fn takes(&self, host: HostId, addr: SocketAddr) -> bool {
        let any = self.addr.ip().is_unspecified() && (self.addr.is_ipv6() || addr.is_ipv4());
        self.host == host && self.addr.port() == addr.port() && (self.addr.ip() == addr.ip() || any)
    }
}

impl World {
    fn datagram_socket(&mut self, key: SocketKey) -> Option<&mut UdpState> {
        self.net
            .datagrams
            .get_mut(key.index as usize)
            .filter(|socket| socket.key == key)
    }

    fn bind_udp(&mut self, host: HostId, addr: SocketAddr) -> io::Result<(SocketKey, SocketAddr)> {
        let ip = addr.ip();
        if !(ip.is_unspecified() || ip.is_loopback() || self.host(host).has_address(ip)) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let is_taken = |socket: &UdpState| {
            socket.host == host
                && socket.addr.port() == addr.port()
                && (socket.addr.ip() == ip || ip.is_unspecified() || socket.addr.ip().is_unspecified())
        };
        if addr.port() != 0 && self.net.datagrams.iter().any(|(_, socket)| is_taken(socket)) {
            return Err(ErrorKind::AddrInUse.into());
        }
        self.take_descriptor(host)?;
        let addr = SocketAddr::new(ip, self.net.ports.claim(host, addr.port())?);
        let key = self.net.key(self.net.datagrams.vacant_key());
        self.net.datagrams.insert(UdpState {
            key,
            host,
            addr,
            queue: VecDeque::new(),
            queued: 0,
            receiver: None,
        });
        Ok((key, addr))
    }

    fn send_datagram(&mut self, key: SocketKey, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let Some(socket) = self.datagram_socket(key) else {
            return Err(ErrorKind::NotConnected.into());
        };
        if bytes.len() > LARGEST {
            return Err(io::Error::from_raw_os_error(TOO_LONG));
        }
        let (host, own) = (socket.host, socket.addr);
        let Some((target, ip)) = self.route(host, to.ip()) else {
            return Ok(bytes.len());
        };
        let source = if own.ip().is_unspecified() {
            self.source(host, ip, None)?
        } else {
            own.ip()
        };
        let datagram = Datagram {
            from: SocketAddr::new(source, own.port()),
            to: SocketAddr::new(ip, to.port()),
            host: target,
            path: self.net.paths.find(host, target),
            bytes: Bytes::copy_from_slice(bytes),
        };
        self.trace.mix(bytes.len() as u64);
        let path = self.net.paths.get_mut(datagram.path);
        let copies = if loses(path, bytes.len()) {
            0
        } else if path.duplicates() {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let arrives = path.transmit_datagram(self.now, HEADER + bytes.len());
            self.events
                .push(arrives, Event::Net(NetEvent::Datagram(Box::new(datagram.clone()))));
        }
        if copies != 1 {
            self.note(
                host.0,
                if copies == 0 {
                    "datagram lost"
                } else {
                    "datagram doubled"
                },
                key.index,
                bytes.len() as u64,
            );
        }
        Ok(bytes.len())
    }

    pub(crate) fn datagram_arrives(&mut self, datagram: Datagram) {
        let path = self.net.paths.get(datagram.path);
        if path.clogged {
            let path = datagram.path;
            self.hold(path, NetEvent::Datagram(Box::new(datagram)));
            return;
        }
        if path.cut || self.host(datagram.host).status == Status::Off {
            return;
        }
        self.net
            .observe_udp(self.now, datagram.from, datagram.to, &datagram.bytes);
        let room = self.host(datagram.host).options.datagram_buffer;
        let (host, length) = (datagram.host, datagram.bytes.len());
        let mut sockets = self.net.datagrams.iter_mut().map(|(_, socket)| socket);
        let Some(socket) = sockets.find(|socket| socket.takes(host, datagram.to)) else {
            return;
        };
        let index = socket.key.index;
        if socket.queued + length + OVERHEAD > room {
            self.note(host.0, "no room for datagram", index, length as u64);
            return;
        }
        socket.queued += length + OVERHEAD;
        socket.queue.push_back((datagram.bytes, datagram.from));
        let receiver = socket.receiver.take();
        self.wake(receiver);
        self.note(host.0, "datagram on", index, length as u64);
    }

    fn receive_datagram(
        &mut self,
        key: SocketKey,
        cx: &Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let waiter = self.waiter(cx);
        let Some(socket) = self.datagram_socket(key) else {
            return Poll::Ready(Err(ErrorKind::NotConnected.into()));
        };
        let Some((bytes, from)) = socket.queue.pop_front() else {
            let replaced = socket.receiver.replace(waiter);
            self.discard(replaced);
            return Poll::Pending;
        };
        socket.queued -= bytes.len() + OVERHEAD;
        self.discard(Some(waiter));
        let count = bytes.len().min(buf.len());
        buf[..count].copy_from_slice(&bytes[..count]);
        Poll::Ready(Ok((count, from)))
    }

    fn close_datagram(&mut self, key: SocketKey) {
        if self.datagram_socket(key).is_some() {
            let socket = self.net.datagrams.remove(key.index as usize);
            self.net.ports.release_addr(socket.host, socket.addr);
            self.host_mut(socket.host).sockets -= 1;
            self.wake(socket.receiver);
        }
    }

    pub(crate) fn close_datagrams(&mut self, host: HostId) {
        let of_host = self.net.datagrams.iter().filter(|(_, socket)| socket.host == host);
        let keys: Vec<_> = of_host.map(|(_, socket)| socket.key).collect();
        for key in keys {
            self.close_datagram(key);
        }
    }

    pub(crate) fn datagram_waits(&self, waits: &mut Vec<(TaskKey, String)>) {
        for (_, socket) in &self.net.datagrams {
            if let Some(receiver) = &socket.receiver {
                waits.push((receiver.task, format!("a datagram at {}", socket.addr)));
            }
        }
    }
}

/// Whether any of the pieces of a datagram is lost.
fn loses(path: &mut Path, length: usize) -> bool {
    let piece = path.link.mtu - HEADER;
    (0..length.div_ceil(piece).max(1)).any(|_| path.loses())
}

/// A UDP socket of a simulated host.
pub struct SimUdpSocket {
    shared: Arc<Shared>,
    key: SocketKey,
    addr: SocketAddr,
}

impl SimUdpSocket {
    pub(crate) fn bind(shared: &Arc<Shared>, host: HostId, addr: SocketAddr) -> io::Result<Self> {
        let (key, addr) = shared.lock().bind_udp(host, addr)?;
        Ok(Self {
            shared: Arc::clone(shared),
            key,
            addr,
        })
    }
}

impl wirework::Datagram for SimUdpSocket {
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.shared.lock().receive_datagram(self.key, cx, buf)
    }

    fn poll_send_to(&self, _: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        Poll::Ready(self.shared.lock().send_datagram(self.key, buf, target))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }
}

impl Drop for SimUdpSocket {
    fn drop(&mut self) {
        self.shared.lock().close_datagram(self.key);
    }
}

impl fmt::Debug for SimUdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimUdpSocket").field(&self.addr).finish()
    }
}
