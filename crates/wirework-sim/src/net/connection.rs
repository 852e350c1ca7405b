//! A connection: two ends, of TCP or of a Unix socket, and what each holds.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wirework::Addr;

use super::{PathId, SocketKey};
use crate::host::{HostId, HostState};
use crate::shared::Waiter;

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that connected.
    Client,
    /// The one that listened.
    Server,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What an end is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Tcp(SocketAddr),
    Unix(Option<PathBuf>),
}

impl From<&Name> for Addr {
    fn from(name: &Name) -> Self {
        match name {
            Name::Tcp(addr) => Self::Ip(*addr),
            Name::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

/// What the kernel knows of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Connecting,
    Open,
    /// Nothing any more: not yet made, reset, timed out, or complete.
    Gone,
}

/// Who has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    /// It waits to be accepted, at this listener.
    Queue(SocketKey),
    Program,
}

/// How far the end of the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fin {
    Open,
    /// It goes out after all bytes.
    Queued,
    Sent,
    Delivered,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) key: SocketKey,
    pub(crate) is_tcp: bool,
    pub(crate) client: End,
    pub(crate) server: End,
}

impl Connection {
    pub(crate) fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(crate) fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// An end, and then the other.
    pub(crate) fn both(&mut self, side: Side) -> (&mut End, &mut End) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }
}

/// Bytes, or the end of the stream, on their way.
#[derive(Debug)]
pub(crate) struct Flying {
    pub(crate) arrives: u64,
    pub(crate) bytes: Bytes,
    pub(crate) is_fin: bool,
}

/// One end.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any may go with any"
)]
pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) name: Name,
    /// To the other end.
    pub(crate) path: PathId,
    pub(crate) life: Life,
    pub(crate) holder: Holder,
    /// What happened to it that nobody was told of yet.
    pub(crate) error: Option<ErrorKind>,
    /// It was taken down from outside.
    pub(crate) is_broken: bool,

    pub(crate) received: VecDeque<Bytes>,
    pub(crate) received_length: usize,
    pub(crate) receive_buffer: usize,
    pub(crate) fin_received: bool,
    pub(crate) shut_read: bool,
    pub(crate) reader: Option<Waiter>,
    /// A slow reader may read from then on.
    pub(crate) read_after: u64,
    /// When it was last planned to be woken for that.
    pub(crate) read_planned: u64,

    pub(crate) unsent: BytesMut,
    pub(crate) flying: VecDeque<Flying>,
    pub(crate) flying_length: usize,
    pub(crate) send_buffer: usize,
    pub(crate) fin: Fin,
    pub(crate) writer: Option<Waiter>,
    /// When the last that was sent arrives.
    pub(crate) last_arrival: u64,
    /// Whether an event for the next arrival is planned.
    pub(crate) arrival_planned: bool,
    /// The number of the loss after which nothing is sent until it is tried again.
    pub(crate) stall: Option<u32>,
    pub(crate) stalls: u32,
    pub(crate) attempts: u32,

    pub(crate) keepalive: Option<Duration>,
    pub(crate) heard_at: u64,
    pub(crate) probing: Option<u32>,
    pub(crate) probes: u32,
}

impl End {
    pub(crate) fn new(host: &HostState, name: Name, path: PathId, now: u64) -> Self {
        Self {
            host: host.id,
            name,
            path,
            life: Life::Gone,
            holder: Holder::Nobody,
            error: None,
            is_broken: false,
            received: VecDeque::new(),
            received_length: 0,
            receive_buffer: host.options.receive_buffer,
            fin_received: false,
            shut_read: false,
            reader: None,
            read_after: 0,
            read_planned: 0,
            unsent: BytesMut::new(),
            flying: VecDeque::new(),
            flying_length: 0,
            send_buffer: host.options.send_buffer,
            fin: Fin::Open,
            writer: None,
            last_arrival: 0,
            arrival_planned: false,
            stall: None,
            stalls: 0,
            attempts: 0,
            keepalive: None,
            heard_at: now,
            probing: None,
            probes: 0,
        }
    }

    /// How many bytes a program may write now.
    pub(crate) fn room(&self) -> usize {
        self.send_buffer.saturating_sub(self.unsent.len() + self.flying_length)
    }

    /// Whether its writer should be told that there is room: not for each byte, or all writes would become small.
    pub(crate) fn has_room(&self) -> bool {
        self.room() >= (self.send_buffer / 3).max(1)
    }
}
