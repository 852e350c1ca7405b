//! Calling a server: many tasks, one connection.
//!
//! A task of the runtime owns the connection; clients are handles to it. What they share is a table of calls, so a call
//! costs a place in the table and no allocation.

mod call;
mod calls;
mod driver;
mod error;
mod matching;
mod options;
mod pushes;
mod silence;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use wirework_codec::{Decoder, Encoder};

pub use self::call::Call;
use self::calls::Calls;
use self::driver::Driver;
pub use self::error::CallError;
use self::matching::{ById, InOrder, Matching};
pub use self::matching::{CorrelatedRequest, CorrelatedResponse};
pub use self::options::ClientOptions;
use self::pushes::PushSender;
pub use self::pushes::Pushes;
use crate::{Addr, Connection, Context, Framed, Runtime, Task};

/// Calls a server over one connection: sends requests of type `Q`, gives responses of type `A`.
///
/// Cheap to clone, and used through `&self`: any number of tasks share the connection, whose requests leave in as few writes
/// as it takes. There are two kinds:
/// - [`pipelined`](Self::pipelined): the server answers in the order of the requests (Redis, SMTP, HTTP/1.1),
/// - [`multiplexed`](Self::multiplexed): requests and responses carry the number of their call, and the server may send
///   frames of its own (Kafka, MQTT, most RPC).
///
/// The connection is closed when the last clone is dropped. When it is lost, **all** calls fail with the same cause, and each
/// says whether its request may have been sent. A server that goes on taking requests and never answers any is
/// [taken for lost](ClientOptions::dead_after), too. A client does not come back by itself: see
/// [`ReconnectingClient`](crate::ReconnectingClient).
///
/// A call that waits takes one place in the table, at most 64 bytes beside the larger of request and response, and its
/// future, at most 48 beside the request. Nothing else is allocated for it.
///
/// ```
/// use wirework::codec::Lines;
/// use wirework::{CallError, Client, ClientOptions, Connection, Framed, Runtime};
///
/// async fn ask<R: Runtime, C: Connection>(runtime: &R, connection: C) -> Result<(), CallError> {
///     let framed = Framed::new(connection, Lines::new());
///     let client: Client<String, String> = Client::pipelined(runtime, framed, ClientOptions::new());
///     let (first, second) = futures_lite::future::zip(client.call("ADD 5".into()), client.call("ADD 2".into())).await;
///     println!("{} {}", first?, second?);
///     Ok(())
/// }
/// ```
pub struct Client<Q, A> {
    handle: Arc<Handle<Q, A>>,
}

/// Dropping it closes the connection.
struct Handle<Q, A> {
    calls: Arc<Calls<Q, A>>,
    timeout: Duration,
    /// The runtime, erased, for its clock.
    clock: Context,
}

impl<Q, A> Drop for Handle<Q, A> {
    fn drop(&mut self) {
        self.calls.close();
    }
}

impl<Q: Send + 'static, A: Send + 'static> Client<Q, A> {
    /// A client of a server that answers in order. A response without a request ends the connection.
    pub fn pipelined<R, C, D, E>(runtime: &R, framed: Framed<C, D, E>, options: ClientOptions) -> Self
    where
        R: Runtime,
        C: Connection,
        D: Decoder<Item = A> + Send + Unpin + 'static,
        E: Encoder<Q> + Send + Unpin + 'static,
    {
        Self::start(runtime, framed, InOrder::default(), None, options)
    }

    /// A client of a server that answers in any order, and what the server sends by itself. A response to a call that nobody
    /// waits for any more is thrown away.
    pub fn multiplexed<R, C, D, E>(runtime: &R, framed: Framed<C, D, E>, options: ClientOptions) -> (Self, Pushes<A>)
    where
        Q: CorrelatedRequest,
        A: CorrelatedResponse,
        R: Runtime,
        C: Connection,
        D: Decoder<Item = A> + Send + Unpin + 'static,
        E: Encoder<Q> + Send + Unpin + 'static,
    {
        let (sender, pushes) = pushes::pushes(options.max_pushes);
        let client = Self::start(runtime, framed, ById::default(), Some(sender), options);
        (client, pushes)
    }

    fn start<R, C, D, E, M>(
        runtime: &R,
        framed: Framed<C, D, E>,
        matching: M,
        pushes: Option<PushSender<A>>,
        options: ClientOptions,
    ) -> Self
    where
        R: Runtime,
        C: Connection,
        D: Decoder<Item = A> + Send + Unpin + 'static,
        E: Encoder<Q> + Send + Unpin + 'static,
        M: Matching<Q, A> + Send + 'static,
    {
        let peer = framed.connection().peer_addr().unwrap_or(Addr::Unix(None));
        let calls = Arc::new(Calls::new());
        let driver = Driver::new(runtime, framed, Arc::clone(&calls), matching, pushes, options);
        runtime.spawn(driver.run()).detach();
        let handle = Handle {
            calls,
            timeout: options.timeout,
            clock: Context::new(runtime, peer),
        };
        Self {
            handle: Arc::new(handle),
        }
    }
}

impl<Q, A> Client<Q, A> {
    /// Sends a request and waits for its response.
    ///
    /// # Errors
    /// Fails when the connection is lost, when there is no response in time (30 seconds unless
    /// [set otherwise](ClientOptions::timeout)), or when the request cannot be encoded.
    ///
    /// # Cancel safety
    /// See [`Call`].
    pub fn call(&self, request: Q) -> Call<'_, Q, A> {
        Call::new(self, request)
    }

    /// How many calls wait, for their response or for their turn.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.handle.calls.pending()
    }

    /// Whether calls can be made: the connection was neither lost nor [closed](Self::close).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.handle.calls.is_open()
    }

    /// Waits until the connection is gone, and says why.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn closed(&self) -> Arc<io::Error> {
        self.handle.calls.wait_gone().await
    }

    /// Ends the connection in order, for all clones: no new calls, then the responses of those that wait, then the end of the
    /// stream, for which the peer gets as long as for a call.
    ///
    /// # Cancel safety
    /// Once begun it goes on, whether or not the future is dropped.
    pub async fn close(&self) {
        self.handle.calls.close();
        self.handle.calls.wait_gone().await;
    }
}

impl<Q, A> Clone for Client<Q, A> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<Q, A> fmt::Debug for Client<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", self.handle.clock.peer())
            .field("is_open", &self.is_open())
            .field("pending", &self.pending())
            .finish()
    }
}
