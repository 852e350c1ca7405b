//! What all connections of a server share, and how one is let in.

use std::sync::Arc;

use tracing::Instrument;

use super::WhenFull;
use super::alarms::Alarms;
use super::clients::Clients;
use super::deadlines::Deadlines;
use super::handle::Live;
use super::serving::{Place, Serving};
use super::tally::Tally;
use crate::context::Host;
use crate::record::Record;
use crate::{Addr, Connection, Context, Handler, Runtime, Shutdown, Task};

pub(super) struct Shared<R, H> {
    pub(super) runtime: R,
    pub(super) handler: H,
    pub(super) host: Arc<Host>,
    pub(super) max_connections: usize,
    pub(super) when_full: WhenFull,
    pub(super) clients: Clients,
    pub(super) when_client_full: WhenFull,
    pub(super) deadlines: Deadlines,
    pub(super) alarms: Alarms,
    pub(super) tally: Arc<Tally>,
    pub(super) live: Arc<Live>,
    pub(super) drain: Shutdown,
}

impl<R: Runtime, H> Shared<R, H> {
    /// Where a full server lets connections wait, it does not accept them.
    pub(super) async fn wait_for_a_place(&self) {
        if self.when_full == WhenFull::Wait {
            self.tally.at_most(self.max_connections as u64 - 1).await;
        }
    }

    /// Serves a connection that was accepted, if there is a place for it.
    pub(super) async fn admit<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        H: Handler<C>,
    {
        while !shared.tally.try_begin(shared.max_connections as u64) {
            if shared.when_full == WhenFull::Refuse {
                shared.tally.refuse();
                tracing::debug!(peer = ?connection.peer_addr().ok(), "refused: the server is full");
                return;
            }
            // Another acceptor has taken the place meanwhile.
            shared.wait_for_a_place().await;
        }
        Self::start(shared, connection);
    }

    /// Starts the handler of a connection, which is already counted as active, in a task of its own.
    fn start<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        H: Handler<C>,
    {
        let peer = connection.peer_addr().unwrap_or(Addr::Unix(None));
        let entered = shared.clients.enter(&peer);
        if !entered && shared.when_client_full == WhenFull::Refuse {
            shared.tally.forget();
            shared.tally.refuse();
            tracing::debug!(%peer, "refused: the client has as many connections as it may");
            return;
        }
        let host = Arc::clone(&shared.host);
        let record = Record::new(shared.tally.accept(), peer, host);
        let span = tracing::debug_span!("connection", id = record.id, peer = %record.peer);
        if entered {
            record.set_entered();
        }
        let place = Place::new(shared, &record);
        shared.live.insert(&record);
        let handling = {
            let shared = Arc::clone(shared);
            async move {
                if !record.has_entered() {
                    shared.clients.wait_to_enter(&record.peer).await;
                    record.set_entered();
                }
                shared.handler.handle(connection, Context::of(record)).await
            }
        };
        let serving = Serving::new(place, handling);
        // A span that nobody wants would still be carried around.
        if span.is_disabled() {
            shared.runtime.spawn(serving).detach();
        } else {
            shared.runtime.spawn(serving.instrument(span)).detach();
        }
    }
}
