//! The doors by which a connection comes to a protocol: raw, as frames, or as requests.

use std::fmt;
use std::marker::PhantomData;

use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::conversation::{Failure, Pace, converse, converse_ref};
use super::session::Session;
use super::{FrameLimits, Replies};
use crate::{Connection, Context, Framed, Handler, Service, Watched};

/// The door to a handler of raw connections, as in [`Server::serve`](crate::Server::serve); for [`Doors`](crate::Doors).
#[derive(Debug, Clone)]
pub struct RawDoor<H> {
    handler: H,
}

impl<H> RawDoor<H> {
    /// The door to `handler`.
    pub const fn new(handler: H) -> Self {
        Self { handler }
    }
}

impl<C, H> Handler<C> for RawDoor<H>
where
    C: Connection,
    H: Handler<Watched<C>>,
{
    type Error = H::Error;

    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), H::Error>> + Send {
        let watched = Watched::new(connection, cx.record().clone());
        self.handler.handle(watched, cx)
    }
}

/// The door to a handler of frames, as in [`Server::serve_framed`](crate::Server::serve_framed); for
/// [`Doors`](crate::Doors).
#[derive(Debug, Clone)]
pub struct FramedDoor<D, H> {
    codec: D,
    handler: H,
    limits: FrameLimits,
}

impl<D, H> FramedDoor<D, H> {
    /// The door to `handler`, each connection with a copy of `codec`.
    pub const fn new(codec: D, handler: H) -> Self {
        Self {
            codec,
            handler,
            limits: FrameLimits::new(),
        }
    }

    /// As [`Server::frame_limits`](crate::Server::frame_limits), for this door. The handler may set its own.
    #[must_use]
    pub const fn frame_limits(mut self, limits: FrameLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl<C, D, H> Handler<C> for FramedDoor<D, H>
where
    C: Connection,
    D: Clone + Send + Sync + 'static,
    H: Handler<Framed<C, D>>,
{
    type Error = H::Error;

    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), H::Error>> + Send {
        self.handler
            .handle(framed(connection, &self.codec, self.limits, &cx), cx)
    }
}

/// The door to a service, as in [`Server::serve_service`](crate::Server::serve_service); for [`Doors`](crate::Doors).
#[derive(Debug, Clone)]
pub struct ServiceDoor<D, S> {
    codec: D,
    service: S,
    pace: Pace,
    limits: FrameLimits,
}

impl<D, S> ServiceDoor<D, S> {
    /// The door to `service`, each connection with a copy of `codec`.
    pub const fn new(codec: D, service: S) -> Self {
        Self {
            codec,
            service,
            pace: Pace::new(),
            limits: FrameLimits::new(),
        }
    }

    /// As [`Server::max_in_flight`](crate::Server::max_in_flight), for this door; 32 unless set.
    ///
    /// # Panics
    /// Panics if `requests` is 0.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.pace.set_max_in_flight(requests);
        self
    }

    /// As [`Server::replies`](crate::Server::replies), for this door; in order unless set.
    #[must_use]
    pub fn replies(mut self, order: Replies) -> Self {
        self.pace.replies = order;
        self
    }

    /// As [`Server::frame_limits`](crate::Server::frame_limits), for this door.
    #[must_use]
    pub const fn frame_limits(mut self, limits: FrameLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
}

impl<C, D, S> Handler<C> for ServiceDoor<D, S>
where
    C: Connection,
    D: Decoder<Item: Send> + Encoder<S::Response> + Clone + Send + Sync + 'static,
    S: Service<<D as Decoder>::Item>,
{
    type Error = Failure;

    async fn handle(&self, connection: C, cx: Context) -> Result<(), Failure> {
        let framed = framed(connection, &self.codec, self.limits, &cx);
        converse(framed, &self.service, self.pace, None, &cx).await
    }
}

/// As [`ServiceDoor`], with requests that lie in the read buffer, as in
/// [`Server::serve_service_ref`](crate::Server::serve_service_ref).
#[derive(Debug, Clone)]
pub struct BorrowingDoor<D, S> {
    codec: D,
    service: S,
    limits: FrameLimits,
}

impl<D, S> BorrowingDoor<D, S> {
    /// The door to `service`, each connection with a copy of `codec`.
    pub const fn new(codec: D, service: S) -> Self {
        Self {
            codec,
            service,
            limits: FrameLimits::new(),
        }
    }

    /// As [`Server::frame_limits`](crate::Server::frame_limits), for this door.
    #[must_use]
    pub const fn frame_limits(mut self, limits: FrameLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl<C, D, S, T, X> Handler<C> for BorrowingDoor<D, S>
where
    C: Connection,
    D: BorrowDecoder + Encoder<T> + Clone + Send + Sync + 'static,
    S: for<'a> Service<D::Frame<'a>, Response = T, Error = X>,
    X: Into<Failure>,
{
    type Error = Failure;

    async fn handle(&self, connection: C, cx: Context) -> Result<(), Failure> {
        let framed = framed(connection, &self.codec, self.limits, &cx);
        converse_ref(framed, &self.service, &cx).await
    }
}

/// The door to a service for each connection, as in [`Server::serve_sessions`](crate::Server::serve_sessions); for
/// [`Doors`](crate::Doors).
pub struct SessionDoor<D, N, S> {
    codec: D,
    new: N,
    pace: Pace,
    limits: FrameLimits,
    makes: PhantomData<fn() -> S>,
}

impl<D, N, S> SessionDoor<D, N, S> {
    /// The door to the services that `new` makes, each connection with a copy of `codec`.
    pub const fn new(codec: D, new: N) -> Self {
        Self {
            codec,
            new,
            pace: Pace::new(),
            limits: FrameLimits::new(),
            makes: PhantomData,
        }
    }

    /// As [`Server::max_in_flight`](crate::Server::max_in_flight), for this door; 32 unless set.
    ///
    /// # Panics
    /// Panics if `requests` is 0.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.pace.set_max_in_flight(requests);
        self
    }

    /// As [`Server::replies`](crate::Server::replies), for this door; in order unless set.
    #[must_use]
    pub fn replies(mut self, order: Replies) -> Self {
        self.pace.replies = order;
        self
    }

    /// As [`Server::frame_limits`](crate::Server::frame_limits), for this door.
    #[must_use]
    pub const fn frame_limits(mut self, limits: FrameLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
}

impl<D: fmt::Debug, N, S> fmt::Debug for SessionDoor<D, N, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDoor")
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}

impl<C, D, N, S> Handler<C> for SessionDoor<D, N, S>
where
    C: Connection,
    D: Decoder<Item: Send> + Encoder<S::Response> + Clone + Send + Sync + 'static,
    N: Fn(Session<S::Response>) -> S + Send + Sync + 'static,
    S: Service<<D as Decoder>::Item>,
{
    type Error = Failure;

    async fn handle(&self, connection: C, cx: Context) -> Result<(), Failure> {
        let framed = framed(connection, &self.codec, self.limits, &cx);
        let (session, pushed) = Session::new(cx.clone());
        let service = (self.new)(session);
        converse(framed, &service, self.pace, Some(pushed), &cx).await
    }
}

/// Frames a connection so that it ends with the server and that its deadlines are watched. Once for each
/// connection, so it keeps out of the way of the turns.
#[inline(never)]
fn framed<C: Connection, D: Clone>(connection: C, codec: &D, limits: FrameLimits, cx: &Context) -> Framed<C, D> {
    limits.apply(Framed::new(connection, codec.clone())).served_by(cx)
}
