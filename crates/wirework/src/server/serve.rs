//! From settings and a protocol to a server at work.

use std::error::Error;
use std::sync::Arc;

use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::accept::Acceptor;
use super::alarms::Alarms;
use super::clients::Clients;
use super::listeners::Served;
use super::running::{Accepting, Ends};
use super::shared::Shared;
use super::tally::Tally;
use super::{
    BorrowingDoor, DoorList, Doors, FramedDoor, Listeners, RawDoor, RunningServer, Server, ServerHandle, ServiceDoor,
    Session, SessionDoor,
};
use crate::context::Host;
use crate::meter::Meter;
use crate::record::Record;
use crate::{Addr, Context, Framed, Handler, Listener, Prepended, Runtime, Service, Shutdown, Watched};

impl<R: Runtime> Server<R> {
    /// Serves raw connections.
    ///
    /// # Panics
    /// Panics if [`check`](Self::check) fails, or if `listener` is an empty list.
    pub fn serve<L, H>(self, listener: L, handler: H) -> RunningServer
    where
        L: Listeners,
        H: Handler<Watched<Served<L>>>,
    {
        self.start(listener, RawDoor::new(handler))
    }

    /// Serves framed conversations, each with a copy of `codec`.
    ///
    /// Once a shutdown has begun, a handler's [`next`](Framed::next) returns `None` as soon as all frames that have come are
    /// handed out, so the plain loop ends by itself after its last reply. Where the peer may go on sending meanwhile, have it end
    /// with [`finish`](Framed::finish), or that reply may be lost on its way.
    ///
    /// # Panics
    /// As [`serve`](Self::serve).
    pub fn serve_framed<L, D, H>(self, listener: L, codec: D, handler: H) -> RunningServer
    where
        L: Listeners,
        D: Clone + Send + Sync + 'static,
        H: Handler<Framed<Served<L>, D>>,
    {
        let limits = self.frame_limits;
        self.start(listener, FramedDoor::new(codec, handler).frame_limits(limits))
    }

    /// Answers the requests of all connections by one service.
    ///
    /// Up to [`max_in_flight`](Self::max_in_flight) requests of a connection are worked on at a time, within the connection's
    /// task; their replies leave in the order of the requests, unless set by [`replies`](Self::replies). Once a shutdown has
    /// begun, the requests that have come are answered. A conversation that ends before its peer has closed its side, then or by
    /// an error, gives it a second to do so, so that the last replies arrive: see [`Linger`](crate::Linger).
    ///
    /// # Panics
    /// As [`serve`](Self::serve).
    ///
    /// ```
    /// use std::io;
    /// use wirework::{Network, RunningServer, Server, codec::Lines};
    ///
    /// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
    ///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
    ///     let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
    ///     Ok(Server::new(network).serve_service(listener, Lines::new(), shout))
    /// }
    /// ```
    pub fn serve_service<L, D, S>(self, listener: L, codec: D, service: S) -> RunningServer
    where
        L: Listeners,
        D: Decoder<Item: Send> + Encoder<S::Response> + Clone + Send + Sync + 'static,
        S: Service<<D as Decoder>::Item>,
    {
        let (pace, limits) = (self.pace, self.frame_limits);
        let door = ServiceDoor::new(codec, service).with_pace(pace);
        self.start(listener, door.frame_limits(limits))
    }

    /// As [`serve_service`](Self::serve_service), with requests that lie in the read buffer: nothing is allocated or copied
    /// for them. They are answered one after the other.
    ///
    /// # Panics
    /// As [`serve`](Self::serve).
    ///
    /// ```
    /// use std::io;
    /// use wirework::{Network, RunningServer, Server, codec::Lines};
    ///
    /// async fn shout(line: &str) -> io::Result<String> {
    ///     Ok(line.to_uppercase())
    /// }
    ///
    /// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
    ///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
    ///     Ok(Server::new(network).serve_service_ref(listener, Lines::new(), shout))
    /// }
    /// ```
    pub fn serve_service_ref<L, D, S, T, X>(self, listener: L, codec: D, service: S) -> RunningServer
    where
        L: Listeners,
        D: BorrowDecoder + Encoder<T> + Clone + Send + Sync + 'static,
        S: for<'a> Service<D::Frame<'a>, Response = T, Error = X>,
        T: Send + 'static,
        X: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        let limits = self.frame_limits;
        self.start(listener, BorrowingDoor::new(codec, service).frame_limits(limits))
    }

    /// As [`serve_service`](Self::serve_service), with a service for each connection, which `new` makes. It knows its peer,
    /// may keep what it likes between requests, and can push frames that nobody asked for.
    ///
    /// # Panics
    /// As [`serve`](Self::serve).
    pub fn serve_sessions<L, D, N, S>(self, listener: L, codec: D, new: N) -> RunningServer
    where
        L: Listeners,
        D: Decoder<Item: Send> + Encoder<S::Response> + Clone + Send + Sync + 'static,
        N: Fn(Session<S::Response>) -> S + Send + Sync + 'static,
        S: Service<<D as Decoder>::Item>,
    {
        let (pace, limits) = (self.pace, self.frame_limits);
        let door = SessionDoor::new(codec, new).with_pace(pace);
        self.start(listener, door.frame_limits(limits))
    }

    /// Serves several protocols at once, told apart by the first bytes of each connection. What is set for requests and frames is
    /// set for each door.
    ///
    /// # Panics
    /// As [`serve`](Self::serve).
    pub fn serve_doors<L, D>(self, listener: L, doors: Doors<D>) -> RunningServer
    where
        L: Listeners,
        D: DoorList<Prepended<Served<L>>>,
    {
        self.start(listener, doors)
    }

    fn start<L, H>(self, listeners: L, handler: H) -> RunningServer
    where
        L: Listeners,
        H: Handler<Served<L>>,
    {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let (drain, last_call) = (Shutdown::new(), Shutdown::new());
        let meter = Meter::new(self.protocol.clone());
        let host = Host::new(&self.runtime, drain.clone(), last_call.clone(), meter.clone());
        let live = Arc::default();
        let (listeners, upgrade) = listeners.into_parts();
        let shared = Arc::new(Shared {
            upgrade,
            handler,
            host: Arc::clone(&host),
            max_connections: self.max_connections,
            when_full: self.when_full,
            clients: Clients::new(self.clients),
            when_client_full: self.when_client_full,
            gate: self.gate,
            deadlines: self.deadlines,
            alarms: Alarms::new(&self.runtime, &host, &live),
            tally: Arc::new(Tally::new(meter)),
            protocol: self.protocol,
            live,
            drain: drain.clone(),
            runtime: self.runtime.clone(),
        });
        let handle = ServerHandle {
            clock: Context::of(Record::new(0, Addr::Unix(None), host)),
            tally: Arc::clone(&shared.tally),
            live: Arc::clone(&shared.live),
            drain,
            listeners: listeners.len(),
        };
        let mut local_addr = Err(std::io::ErrorKind::AddrNotAvailable.into());
        let mut accepting: Vec<Accepting> = Vec::new();
        for listener in listeners {
            if accepting.is_empty() {
                local_addr = listener.local_addr();
            }
            let shared = Arc::clone(&shared);
            accepting.push(Box::pin(Acceptor::new(listener, shared).spawn()));
        }
        assert!(!accepting.is_empty(), "a server needs at least one listener");
        let ends = Ends {
            drain_deadline: self.drain_deadline,
            last_call,
        };
        RunningServer::new(local_addr, ends, handle, accepting)
    }
}
