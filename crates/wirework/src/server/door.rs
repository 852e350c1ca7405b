//! The doors by which a connection comes to a protocol: raw, as frames, or as requests.

use std::marker::PhantomData;

use wirework_codec::{BorrowDecoder, Decoder, Encoder};

use super::conversation::{Failure, Pace, converse, converse_ref};
use super::session::Session;
use crate::{Connection, Context, Framed, Handler, Service, Watched};

/// Counts what passes.
pub(super) struct RawDoor<H> {
    pub(super) handler: H,
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

/// Frames each connection before it is handled.
pub(super) struct FramedDoor<D, H> {
    pub(super) codec: D,
    pub(super) handler: H,
}

impl<C, D, H> Handler<C> for FramedDoor<D, H>
where
    C: Connection,
    D: Clone + Send + Sync + 'static,
    H: Handler<Framed<C, D>>,
{
    type Error = H::Error;

    fn handle(&self, connection: C, cx: Context) -> impl Future<Output = Result<(), H::Error>> + Send {
        self.handler.handle(framed(connection, &self.codec, &cx), cx)
    }
}

/// Answers requests by one service for all connections.
pub(super) struct ServiceDoor<D, S> {
    pub(super) codec: D,
    pub(super) service: S,
    pub(super) pace: Pace,
}

impl<C, D, S> Handler<C> for ServiceDoor<D, S>
where
    C: Connection,
    D: Decoder<Item: Send> + Encoder<S::Response> + Clone + Send + Sync + 'static,
    S: Service<<D as Decoder>::Item>,
{
    type Error = Failure;

    async fn handle(&self, connection: C, cx: Context) -> Result<(), Failure> {
        let framed = framed(connection, &self.codec, &cx);
        converse(framed, &self.service, self.pace, None, &cx).await
    }
}

/// As [`ServiceDoor`], with requests that lie in the read buffer.
pub(super) struct BorrowingDoor<D, S> {
    pub(super) codec: D,
    pub(super) service: S,
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
        let framed = framed(connection, &self.codec, &cx);
        converse_ref(framed, &self.service, &cx).await
    }
}

/// Answers requests by a service of the connection's own.
pub(super) struct SessionDoor<D, N, S> {
    codec: D,
    new: N,
    pace: Pace,
    makes: PhantomData<fn() -> S>,
}

impl<D, N, S> SessionDoor<D, N, S> {
    pub(super) fn new(codec: D, new: N, pace: Pace) -> Self {
        Self {
            codec,
            new,
            pace,
            makes: PhantomData,
        }
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
        let framed = framed(connection, &self.codec, &cx);
        let (session, pushed) = Session::new(cx.clone());
        let service = (self.new)(session);
        converse(framed, &service, self.pace, Some(pushed), &cx).await
    }
}

/// Frames a connection so that it ends with the server and that its deadlines are watched.
fn framed<C: Connection, D: Clone>(connection: C, codec: &D, cx: &Context) -> Framed<C, D> {
    Framed::new(connection, codec.clone()).served_by(cx)
}
