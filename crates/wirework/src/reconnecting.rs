//! A client that comes back when its connection is lost.

mod backoff;
mod budget;
mod circuit;
mod options;
mod supervisor;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_lite::future::or;

pub use self::backoff::Backoff;
use self::budget::RetryBudget;
pub use self::circuit::Circuit;
use self::circuit::Line;
pub use self::options::ReconnectOptions;
use self::supervisor::Supervisor;
use crate::time::{after, deadline};
use crate::{Addr, CallError, Client, Context, Runtime, Shutdown, Task};

/// A [`Client`] that is connected again whenever its connection is lost. Cheap to clone, used through `&self`.
///
/// A task of the runtime supervises the connection: it makes one, waits until it is lost, waits a little longer
/// ([`Backoff`]), and begins again. Calls made in the meantime wait.
///
/// Calls are made again when that is safe: any call whose request was not sent, and an
/// [idempotent](Self::call_idempotent) one in any case, within a budget for retries.
///
/// ```
/// # use std::io;
/// use wirework::codec::Lines;
/// use wirework::{Client, ClientOptions, Connector, Framed, Network, ReconnectOptions, ReconnectingClient};
///
/// fn start<N: Network>(network: &N) -> ReconnectingClient<String, String> {
///     let (runtime, connector) = (network.clone(), Connector::new(network));
///     ReconnectingClient::new(network, ReconnectOptions::new(), move || {
///         let (runtime, connector) = (runtime.clone(), connector.clone());
///         async move {
///             let stream = connector.connect("counter.example:7000").await?;
///             let client = Client::pipelined(&runtime, Framed::new(stream, Lines::new()), ClientOptions::new());
///             // What each new connection needs before its first call: a log-in, subscriptions.
///             client.call("HELLO".to_owned()).await?;
///             Ok(client)
///         }
///     })
/// }
///
/// async fn read(client: &ReconnectingClient<String, String>) -> io::Result<String> {
///     Ok(client.call_idempotent("GET".to_owned()).await?)
/// }
/// ```
pub struct ReconnectingClient<Q, A> {
    handle: Arc<Handle<Q, A>>,
}

/// Dropping it ends the supervision.
struct Handle<Q, A> {
    line: Arc<Line<Q, A>>,
    budget: Mutex<RetryBudget>,
    options: ReconnectOptions,
    runtime: Context,
    stop: Shutdown,
}

impl<Q, A> Drop for Handle<Q, A> {
    fn drop(&mut self) {
        self.stop.begin();
    }
}

impl<Q: Send + 'static, A: Send + 'static> ReconnectingClient<Q, A> {
    /// Begins to connect, by `connect`, which is called for every connection and makes it ready for calls: what has to be
    /// done anew on each, such as a log-in or subscriptions, is done there.
    pub fn new<R, F, Fut>(runtime: &R, options: ReconnectOptions, connect: F) -> Self
    where
        R: Runtime,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<Client<Q, A>>> + Send,
    {
        let runtime = Context::new(runtime, Addr::Unix(None));
        let handle = Handle {
            line: Arc::new(Line::new()),
            budget: Mutex::new(RetryBudget::new(options.reserve, options.percent)),
            options,
            runtime: runtime.clone(),
            stop: Shutdown::new(),
        };
        let mut stopped = handle.stop.signal();
        let supervisor = Supervisor {
            line: Arc::clone(&handle.line),
            runtime: runtime.clone(),
            options,
        };
        let supervising = async move {
            let forever = supervisor.run(connect);
            or(async move { stopped.wait().await }, forever).await;
        };
        runtime.spawn(supervising).detach();
        Self {
            handle: Arc::new(handle),
        }
    }
}

impl<Q, A> ReconnectingClient<Q, A> {
    /// Sends a request and waits for its response; first for a connection, where there is none. It is sent again only if it
    /// was **not** sent when the connection was lost, so it reaches the server once or not at all.
    ///
    /// # Errors
    /// As [`Client::call`]. The time limit is [that of this client](ReconnectOptions::timeout).
    ///
    /// # Cancel safety
    /// As [`Call`](crate::Call).
    pub async fn call(&self, request: Q) -> Result<A, CallError>
    where
        Q: Clone + Unpin,
    {
        self.call_again(request, false).await
    }

    /// As [`call`](Self::call), for a request that may reach the server more than once without harm: it is sent again, too,
    /// if it may have been sent when the connection was lost, as long as the [budget](ReconnectOptions::retries) allows.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    /// As [`Call`](crate::Call).
    pub async fn call_idempotent(&self, request: Q) -> Result<A, CallError>
    where
        Q: Clone + Unpin,
    {
        self.call_again(request, true).await
    }

    async fn call_again(&self, request: Q, idempotent: bool) -> Result<A, CallError>
    where
        Q: Clone + Unpin,
    {
        let until = after(self.handle.runtime.now(), self.handle.options.timeout);
        self.budget(RetryBudget::call);
        let mut maybe_sent = false;
        loop {
            let client = self.connected(until, maybe_sent).await?;
            let left = until.saturating_duration_since(self.handle.runtime.now());
            let error = match client.call(request.clone()).within(left).await {
                Err(error @ CallError::Disconnected { .. }) => error,
                Err(CallError::TimedOut { maybe_sent: now }) => {
                    let maybe_sent = maybe_sent || now;
                    return Err(CallError::TimedOut { maybe_sent });
                }
                result => return result,
            };
            maybe_sent |= error.maybe_sent();
            let may_retry = !error.maybe_sent() || (idempotent && self.budget(RetryBudget::retry));
            if !may_retry {
                return Err(error);
            }
        }
    }

    /// Waits for a connection that takes calls.
    async fn connected(&self, until: Instant, maybe_sent: bool) -> Result<Client<Q, A>, CallError> {
        loop {
            // Registered first, so that nothing is missed in between.
            let changed = self.handle.line.changed();
            if let Some(client) = self.handle.line.client() {
                return Ok(client);
            }
            let circuit = self.circuit();
            if circuit == Circuit::Closed || circuit.failures() >= self.handle.options.fail_after {
                let cause = self.last_error().unwrap_or_else(|| Arc::new(closed()));
                return Err(CallError::Disconnected { cause, maybe_sent });
            }
            let waited = deadline(&self.handle.runtime, until, changed).await;
            waited.map_err(|_| CallError::TimedOut { maybe_sent })?;
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        self.handle.line.circuit()
    }

    /// Waits until [`circuit`](Self::circuit) is no longer `seen`, and gives what it is then.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn circuit_changed(&self, seen: Circuit) -> Circuit {
        loop {
            let changed = self.handle.line.changed();
            let circuit = self.circuit();
            if circuit != seen {
                return circuit;
            }
            changed.await;
        }
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.handle.line.connections()
    }

    /// Why the last connection was lost, or the last attempt failed.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<io::Error>> {
        self.handle.line.last_error()
    }

    /// Ends it in order, for all clones: calls that wait for their response get it, and no connection is made any more.
    ///
    /// # Cancel safety
    /// Once begun it goes on, whether or not the future is dropped.
    pub async fn close(&self) {
        let client = self.handle.line.close(closed());
        self.handle.stop.begin();
        if let Some(client) = client {
            client.close().await;
        }
    }

    fn budget<T>(&self, with: impl FnOnce(&mut RetryBudget) -> T) -> T {
        // A number: a panic elsewhere cannot have spoilt it.
        with(&mut self.handle.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<Q, A> Clone for ReconnectingClient<Q, A> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<Q, A> fmt::Debug for ReconnectingClient<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectingClient")
            .field("circuit", &self.circuit())
            .field("connections", &self.connections())
            .field("last_error", &self.last_error())
            .finish_non_exhaustive()
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the client was closed")
}
