//! The doors by which a connection comes to a protocol: raw, or as frames.

use crate::{Connection, Context, Framed, Handler, Watched};

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
        let framed = Framed::new(connection, self.codec.clone());
        let framed = framed.until(cx.shutdown()).watched_by(&cx);
        self.handler.handle(framed, cx)
    }
}
