//! Whether there is a connection, for all who want to know.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use event_listener::{Event, EventListener};

use crate::Client;

/// Where a [`ReconnectingClient`](crate::ReconnectingClient) stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Circuit {
    /// A connection is being made.
    Connecting {
        /// How many failures there were in a row, losses included.
        failures: u32,
    },
    /// Calls go through.
    Connected,
    /// The last attempt failed, or the connection was lost; the next attempt has to wait.
    Waiting {
        /// How many failures there were in a row, losses included.
        failures: u32,
        /// When the next attempt begins.
        until: Instant,
    },
    /// The client was closed. No call goes through any more.
    Closed,
}

impl Circuit {
    /// How many failures there were in a row, losses included.
    #[must_use]
    pub fn failures(&self) -> u32 {
        match self {
            Self::Connecting { failures } | Self::Waiting { failures, .. } => *failures,
            Self::Connected | Self::Closed => 0,
        }
    }
}

/// The circuit as it is shared: the state, the connection, and the last error.
#[derive(Debug)]
pub(super) struct Line<Q, A> {
    state: Mutex<State<Q, A>>,
    changed: Event,
}

#[derive(Debug)]
struct State<Q, A> {
    circuit: Circuit,
    client: Option<Client<Q, A>>,
    last_error: Option<Arc<io::Error>>,
    connections: u64,
}

impl<Q, A> Line<Q, A> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                circuit: Circuit::Connecting { failures: 0 },
                client: None,
                last_error: None,
                connections: 0,
            }),
            changed: Event::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        // Whole between two methods, so a panic elsewhere cannot have spoilt it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn circuit(&self) -> Circuit {
        self.state().circuit
    }

    pub(super) fn connections(&self) -> u64 {
        self.state().connections
    }

    pub(super) fn last_error(&self) -> Option<Arc<io::Error>> {
        self.state().last_error.clone()
    }

    /// The connection, if calls can go through it.
    pub(super) fn client(&self) -> Option<Client<Q, A>> {
        self.state().client.clone().filter(Client::is_open)
    }

    /// Completes at the next change.
    pub(super) fn changed(&self) -> EventListener {
        self.changed.listen()
    }

    /// Enters a state, unless the client was closed.
    pub(super) fn enter(&self, circuit: Circuit, client: Option<Client<Q, A>>) {
        let mut state = self.state();
        if state.circuit == Circuit::Closed {
            return;
        }
        state.circuit = circuit;
        state.connections += u64::from(client.is_some());
        let old = std::mem::replace(&mut state.client, client);
        drop(state);
        drop(old); // Dropping a client wakes its task, so not under the lock.
        self.changed.notify(usize::MAX);
    }

    /// Enters the last state, with that error. Gives the connection, which is kept for those who close it again.
    pub(super) fn close(&self, error: io::Error) -> Option<Client<Q, A>> {
        let mut state = self.state();
        if state.circuit != Circuit::Closed {
            state.circuit = Circuit::Closed;
            state.last_error = Some(Arc::new(error));
        }
        let client = state.client.clone();
        drop(state);
        self.changed.notify(usize::MAX);
        client
    }

    pub(super) fn fail(&self, error: Arc<io::Error>) {
        self.state().last_error = Some(error);
    }
}
