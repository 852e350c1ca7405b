//! What all connections of a server share, and how one is let in.

use std::borrow::Cow;
use std::sync::Arc;

use tracing::Instrument;

use super::alarms::Alarms;
use super::clients::Clients;
use super::deadlines::Deadlines;
use super::filter::Gate;
use super::live::Live;
use super::serving::{Early, Place, Serving};
use super::tally::Tally;
use super::{Refusal, WhenFull};
use crate::context::Host;
use crate::record::Record;
use crate::{Addr, Admission, Connection, Context, Handler, Runtime, Shutdown, Task, Upgrade};

pub(super) struct Shared<R, U, H> {
    pub(super) runtime: R,
    pub(super) upgrade: U,
    pub(super) handler: H,
    pub(super) host: Arc<Host>,
    pub(super) max_connections: usize,
    pub(super) when_full: WhenFull,
    pub(super) clients: Clients,
    pub(super) when_client_full: WhenFull,
    pub(super) gate: Gate,
    pub(super) deadlines: Deadlines,
    pub(super) alarms: Alarms,
    pub(super) protocol: Cow<'static, str>,
    pub(super) tally: Arc<Tally>,
    pub(super) live: Arc<Live>,
    pub(super) drain: Shutdown,
}

impl<R: Runtime, U, H> Shared<R, U, H> {
    /// Where a full server lets connections wait, it does not accept them.
    pub(super) async fn wait_for_a_place(&self) {
        if self.when_full == WhenFull::Wait {
            self.tally.at_most(self.max_connections as u64 - 1).await;
        }
    }

    /// Serves a connection that was accepted, if its peer may be and as soon as there is a place for it. It stays where it is
    /// until then.
    pub(super) async fn admit<C>(shared: &Arc<Self>, waiting: &mut Option<C>)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        while !shared.tally.try_begin(shared.max_connections as u64) {
            if shared.when_full == WhenFull::Refuse {
                shared.tally.refuse(Refusal::Full, "full");
                let peer = waiting.take().and_then(|connection| connection.peer_addr().ok());
                tracing::debug!(?peer, "refused: the server is full");
                return;
            }
            // Another acceptor has taken the place meanwhile.
            shared.wait_for_a_place().await;
        }
        if let Some(connection) = waiting.take() {
            Self::start(shared, connection);
        }
    }

    /// Serves a connection that still waited when the server began to drain, beyond the limit if need be.
    pub(super) fn admit_last<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        shared.tally.begin();
        Self::start(shared, connection);
    }

    /// Starts the handler of a connection, which is already counted as active, in a task of its own; if its peer may be served.
    fn start<C>(shared: &Arc<Self>, connection: C)
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        let peer = connection.peer_addr().unwrap_or(Addr::Unix(None));
        let admission = match shared.gate.check(&peer) {
            Ok(()) => shared.upgrade.admit(&peer),
            Err(reason) => Admission::Refused(reason),
        };
        if let Admission::Refused(reason) = admission {
            shared.tally.forget();
            shared.tally.refuse(Refusal::Filtered, reason);
            tracing::debug!(%peer, reason, "refused");
            return;
        }
        // Whose connection one is that comes from a proxy is known once it is upgraded.
        let is_direct = admission == Admission::Client;
        let entered = is_direct && shared.clients.enter(&peer);
        if is_direct && !entered && shared.when_client_full == WhenFull::Refuse {
            shared.tally.forget();
            shared.tally.refuse(Refusal::ClientFull, "client full");
            tracing::debug!(%peer, "refused: the client has as many connections as it may");
            return;
        }
        let record = Record::new(shared.tally.number(), peer, Arc::clone(&shared.host));
        if is_direct {
            shared.tally.accept();
            record.set_accepted();
        }
        if entered {
            record.set_entered();
        }
        let peer = &record.direct_peer;
        let span = tracing::debug_span!(
            "connection",
            id = record.id,
            %peer,
            client = tracing::field::Empty,
            protocol = &*shared.protocol
        );
        shared.live.insert(&record);
        let place = Place::new(shared, &record);
        let serving = Serving::new(place, Arc::clone(shared).serve(connection, record));
        // A span that nobody wants would still be carried around.
        if span.is_disabled() {
            shared.runtime.spawn(serving).detach();
        } else {
            shared.runtime.spawn(serving.instrument(span)).detach();
        }
    }

    /// Prepares a connection, and handles it.
    fn serve<C>(
        self: Arc<Self>,
        connection: C,
        record: Arc<Record>,
    ) -> impl Future<Output = Result<(), Early<H::Error>>> + Send
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        // Boxed, so that a connection has room for it only as long as it takes, which for most is no time at all.
        let preparing = Box::pin(Arc::clone(&self).prepare(connection, record));
        async move {
            let (connection, cx) = preparing.await?;
            self.handler.handle(connection, cx).await.map_err(Early::Handler)
        }
    }

    /// Upgrades a connection, and finds it its place among those of its client.
    async fn prepare<C>(
        self: Arc<Self>,
        connection: C,
        record: Arc<Record>,
    ) -> Result<(U::Connection, Context), Early<H::Error>>
    where
        C: Connection,
        U: Upgrade<C>,
        H: Handler<U::Connection>,
    {
        let upgraded = self.upgrade.upgrade(connection, Context::of(Arc::clone(&record))).await;
        let connection = upgraded.map_err(|error| Early::Handshake(error.into()))?;
        record.end_handshake();
        if !record.is_accepted() {
            self.admit_client(&connection, &record)?;
        }
        if !record.has_entered() {
            self.clients.wait_to_enter(record.peer()).await;
            record.set_entered();
        }
        Ok((connection, Context::of(record)))
    }

    /// Lets a client in for whom a proxy connects, on the terms of those who connect themselves.
    fn admit_client<E>(&self, connection: &impl Connection, record: &Record) -> Result<(), Early<E>> {
        if let Ok(client) = connection.peer_addr()
            && client != record.direct_peer
        {
            tracing::Span::current().record("client", tracing::field::display(&client));
            self.gate.check(&client).map_err(|reason| {
                tracing::debug!(reason, "refused");
                Early::Refused(Refusal::Filtered, reason)
            })?;
            record.set_client(client);
        }
        if self.clients.enter(record.peer()) {
            record.set_entered();
        } else if self.when_client_full == WhenFull::Refuse {
            tracing::debug!("refused: the client has as many connections as it may");
            return Err(Early::Refused(Refusal::ClientFull, "client full"));
        }
        record.set_accepted();
        self.tally.accept();
        Ok(())
    }
}
