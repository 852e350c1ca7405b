//! Several protocols on one port: the first bytes of a connection say by which door it comes in.

use std::error::Error;
use std::io;

use wirework_codec::Detection;

use crate::first_bytes::{FirstBytes, More};
use crate::{Connection, Context, Handler, Prepended};

/// So many bytes may be looked at, unless set otherwise.
const MAX_BYTES: usize = 1024;

/// A probe that asks for nothing.
type Always = fn(&[u8]) -> Detection;

/// Why a door has closed.
type Failure = Box<dyn Error + Send + Sync>;

/// Doors for several protocols, of which the first bytes of each connection choose one; for
/// [`Server::serve_doors`](crate::Server::serve_doors).
///
/// Each door has a probe, which looks at the first bytes and [tells](Detection) whether they are its own, are not, or are too
/// few. Probes are asked in order; while one needs more, those behind it are not asked, so the outcome does not depend on how
/// the bytes were cut on their way. No byte is taken: the door gets the stream from its first byte on.
///
/// | | |
/// |---|---|
/// | the most bytes that are looked at | 1,024, unless [set](Self::max_bytes); who needs more is not meant |
/// | the time for it | the [handshake deadline](crate::Deadlines::handshake) |
/// | at the end of the stream | who needs more is not meant |
/// | when nobody is meant | the connection ends, and counts as failed |
///
/// ```
/// # use std::io;
/// use wirework::codec::{Detection, Lines};
/// use wirework::{Connection, Context, Doors, Framed, FramedDoor, Network, RunningServer, Server, ServiceDoor};
///
/// async fn refer<C: Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
///     lines.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r").await?;
///     lines.close().await
/// }
///
/// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
///     let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
///     let doors = Doors::new()
///         .door(|first: &[u8]| Detection::of_magic(b"GET /", first), FramedDoor::new(Lines::new(), refer))
///         .otherwise(ServiceDoor::new(Lines::new(), shout));
///     Ok(Server::new(network).serve_doors(listener, doors))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Doors<L = NoDoor> {
    list: L,
    max_bytes: usize,
}

impl Doors {
    /// No doors yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            list: NoDoor,
            max_bytes: MAX_BYTES,
        }
    }
}

impl Default for Doors {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> Doors<L> {
    /// Adds a door for those that `probe` detects.
    #[must_use]
    pub fn door<P, H>(self, probe: P, door: H) -> Doors<AndDoor<L, P, H>>
    where
        P: Fn(&[u8]) -> Detection + Send + Sync + 'static,
    {
        let before = self.list;
        Doors {
            list: AndDoor { before, probe, door },
            max_bytes: self.max_bytes,
        }
    }

    /// Adds the door for all others.
    #[must_use]
    pub fn otherwise<H>(self, door: H) -> Doors<AndDoor<L, Always, H>> {
        self.door(|_| Detection::Detected, door)
    }

    /// Sets how many bytes may be looked at; 1,024 unless set.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }
}

impl<C, L> Handler<C> for Doors<L>
where
    C: Connection,
    L: DoorList<Prepended<C>>,
{
    type Error = Failure;

    async fn handle(&self, mut connection: C, cx: Context) -> Result<(), Failure> {
        cx.record().begin_handshake();
        let mut first = FirstBytes::default();
        let mut is_all = false;
        let door = loop {
            is_all |= first.seen().len() >= self.max_bytes;
            let seen = &first.seen()[..first.seen().len().min(self.max_bytes)];
            match self.list.choose(seen, is_all) {
                Choice::Door(number) => break number,
                Choice::Nobody => return Err(unknown(first.seen().is_empty())),
                Choice::NeedMore => {}
            }
            match first.read(&mut connection, &cx).await? {
                More::Read => {}
                More::Ended => is_all = true,
                More::Draining => return Ok(()),
            }
        };
        cx.record().end_handshake();
        self.list
            .enter(door, Prepended::new(first.after(0), connection), cx)
            .await
    }
}

fn unknown(is_empty: bool) -> Failure {
    let (kind, why) = if is_empty {
        (
            io::ErrorKind::UnexpectedEof,
            "the peer closed the connection without a word",
        )
    } else {
        (io::ErrorKind::InvalidData, "the connection is of no known protocol")
    };
    io::Error::new(kind, why).into()
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// They are too few.
    NeedMore,
    /// The protocol is that of the door with this number.
    Door(usize),
    /// They are of no protocol that there is a door for.
    Nobody,
}

/// Doors in their order. Implemented by what [`Doors::door`] makes.
pub trait DoorList<C>: Send + Sync + 'static {
    /// How many there are.
    const COUNT: usize;

    /// By which door to come in; `is_all` if there will be no more bytes.
    fn choose(&self, first: &[u8], is_all: bool) -> Choice;

    /// Comes in by the door of that number.
    fn enter(&self, number: usize, connection: C, cx: Context) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The list without a door.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDoor;

impl<C: Send + 'static> DoorList<C> for NoDoor {
    const COUNT: usize = 0;

    fn choose(&self, _: &[u8], _: bool) -> Choice {
        Choice::Nobody
    }

    async fn enter(&self, _: usize, _: C, _: Context) -> Result<(), Failure> {
        Err(unknown(false))
    }
}

/// A list with one more door.
#[derive(Debug, Clone)]
pub struct AndDoor<L, P, H> {
    before: L,
    probe: P,
    door: H,
}

impl<C, L, P, H> DoorList<C> for AndDoor<L, P, H>
where
    C: Connection,
    L: DoorList<C>,
    P: Fn(&[u8]) -> Detection + Send + Sync + 'static,
    H: Handler<C>,
{
    const COUNT: usize = L::COUNT + 1;

    fn choose(&self, first: &[u8], is_all: bool) -> Choice {
        match self.before.choose(first, is_all) {
            Choice::Nobody => {}
            choice => return choice,
        }
        match (self.probe)(first) {
            Detection::Detected => Choice::Door(L::COUNT),
            Detection::NeedMore if !is_all => Choice::NeedMore,
            Detection::NeedMore | Detection::NotMine => Choice::Nobody,
        }
    }

    async fn enter(&self, number: usize, connection: C, cx: Context) -> Result<(), Failure> {
        if number < L::COUNT {
            return self.before.enter(number, connection, cx).await;
        }
        self.door.handle(connection, cx).await.map_err(Into::into)
    }
}
