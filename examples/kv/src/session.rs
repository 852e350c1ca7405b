//! What the server knows of one client.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wirework_resp::OwnedCommand;

use crate::channels::{Channels, Naming};
use crate::mailbox::Mailbox;
use crate::store::{Store, Ticket, Watch};

/// One client, from its connection's begin to its end.
#[derive(Debug)]
pub struct Session {
    /// The number of its connection.
    pub id: u64,
    /// The index of its database.
    pub db: usize,
    pub is_authenticated: bool,
    /// The commands since `MULTI`.
    pub transaction: Option<Transaction>,
    /// Whether the running command is one of a transaction, and must not wait.
    pub is_executing: bool,
    pub watch: Watch,
    pub subscriptions: Subscriptions,
    pub replies: Replies,
    /// What is to happen after the running command.
    pub next: Next,
}

/// Commands that wait for `EXEC`.
#[derive(Debug, Default)]
pub struct Transaction {
    pub commands: Vec<OwnedCommand>,
    /// One of them was refused, so that none will be run.
    pub is_refused: bool,
}

/// Which replies a client wants: `CLIENT REPLY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replies {
    #[default]
    On,
    Off,
    /// Not that of the running command, nor the next.
    SkipNext,
    /// Not that of the running command.
    Skip,
}

/// What happens after a command.
#[derive(Debug, Default)]
pub enum Next {
    #[default]
    Read,
    /// The connection is closed.
    Close,
    /// It may send long commands from now on: it has authenticated.
    Trust,
    /// The client waits for something to be pushed.
    Wait(Wait),
}

/// What a client waits for, and how long.
#[derive(Debug)]
pub struct Wait {
    pub ticket: Ticket,
    /// `None` is for ever.
    pub timeout: Option<Duration>,
    /// Whether the client does not want the reply.
    pub is_silent: bool,
}

/// What a client has subscribed to.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: BTreeSet<Bytes>,
    patterns: BTreeSet<Bytes>,
    pub mailbox: Arc<Mailbox>,
}

impl Subscriptions {
    pub fn len(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty()
    }

    pub fn of(&mut self, naming: Naming) -> &mut BTreeSet<Bytes> {
        match naming {
            Naming::Channel => &mut self.channels,
            Naming::Pattern => &mut self.patterns,
        }
    }

    fn clear(&mut self, client: u64, channels: &mut Channels) {
        for naming in [Naming::Channel, Naming::Pattern] {
            for name in std::mem::take(self.of(naming)) {
                channels.unsubscribe(naming, &name, client);
            }
        }
    }
}

impl Session {
    pub fn new(id: u64, is_authenticated: bool) -> Self {
        Self {
            id,
            db: 0,
            is_authenticated,
            transaction: None,
            is_executing: false,
            watch: Watch::default(),
            subscriptions: Subscriptions::default(),
            replies: Replies::On,
            next: Next::Read,
        }
    }

    /// Whether nothing but its next command is waited for.
    #[inline]
    pub fn only_reads(&self) -> bool {
        matches!(self.next, Next::Read) && self.subscriptions.is_empty()
    }

    /// Gives up everything that others know of: watched keys and subscriptions.
    pub fn leave(&mut self, store: &mut Store) {
        self.watch.clear(store);
        self.subscriptions.clear(self.id, &mut store.channels);
    }
}
