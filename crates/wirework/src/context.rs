//! What a handler is given beside its connection: the runtime, erased, and where it is.
//!
//! Erased so that a protocol is generic over its connection at most. It is a [`Runtime`] itself: everything that takes one
//! takes a `Context`.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task;
use std::time::Instant;

use crate::meter::Meter;
use crate::record::Record;
use crate::time::nanos;
use crate::timer::BoxTimer;
use crate::{Addr, Runtime, Shutdown, ShutdownSignal, Task, TaskError};

/// The runtime and the circumstances of one connection. Cheap to clone.
///
/// ```
/// # use std::{io, time::Duration};
/// use wirework::{Connection, Context, time::timeout};
///
/// async fn handle<C: Connection>(connection: C, cx: Context) -> io::Result<()> {
///     println!("{} connected", cx.peer());
///     # async fn work<C>(_: C) -> io::Result<()> { Ok(()) }
///     timeout(&cx, Duration::from_secs(60), work(connection)).await?
/// }
/// ```
#[derive(Clone)]
pub struct Context {
    /// Everything, the runtime included: a connection has several copies of its context.
    record: Arc<Record>,
}

impl Context {
    /// A context for a connection that no server accepted: a client's, or a test's.
    pub fn new<R: Runtime>(runtime: &R, peer: Addr) -> Self {
        Self::of(Record::new(
            0,
            peer,
            Host::new(runtime, Shutdown::new(), Shutdown::new(), Meter::default()),
        ))
    }

    pub(crate) fn of(record: Arc<Record>) -> Self {
        Self { record }
    }

    /// The number of the connection: counted from 0 by each server.
    #[must_use]
    pub fn connection_id(&self) -> u64 {
        self.record.id
    }

    /// Whom the connection is for: the other end, or the client that it [connects for](crate::ProxyProtocol).
    #[must_use]
    pub fn peer(&self) -> &Addr {
        self.record.peer()
    }

    /// The other end itself, be it the client or a proxy.
    #[must_use]
    pub fn direct_peer(&self) -> &Addr {
        &self.record.direct_peer
    }

    /// Leaves something for whoever deals with this connection later: an [`Upgrade`](crate::Upgrade) for its handler, a handler
    /// for itself. It lives as long as the connection's last context.
    ///
    /// ```
    /// # use wirework::{Addr, Context, Runtime};
    /// # fn example<R: Runtime>(runtime: &R) {
    /// struct User(String);
    ///
    /// let cx = Context::new(runtime, Addr::Unix(None));
    /// cx.attach(User("ada".into()));
    /// assert_eq!(cx.clone().attached::<User>().unwrap().0, "ada");
    /// # }
    /// ```
    pub fn attach<T: Any + Send + Sync>(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        self.record.attach(Arc::clone(&value) as Arc<dyn Any + Send + Sync>);
        value
    }

    /// What was last [attached](Self::attach) of that type.
    #[must_use]
    pub fn attached<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.record.find_attached()
    }

    /// Tells when the server begins to shut down. A framed handler needs it only to do something of its own then: its
    /// [`next`](crate::Framed::next) returns `None` by itself.
    #[must_use]
    pub fn shutdown(&self) -> ShutdownSignal {
        self.record.shutdown().signal()
    }

    /// Tells when those have to end who have not said a word: a little after [`shutdown`](Self::shutdown), for what they say may be
    /// on its way.
    pub(crate) fn last_call(&self) -> ShutdownSignal {
        self.record.host.last_call.signal()
    }

    fn runtime(&self) -> &dyn ErasedRuntime {
        &*self.record.host.runtime
    }

    /// What the server knows of the connection.
    pub(crate) fn record(&self) -> &Arc<Record> {
        &self.record
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("connection_id", &self.record.id)
            .field("peer", self.record.peer())
            .finish_non_exhaustive()
    }
}

/// What all connections of a server have in common, as their handlers see it.
pub(crate) struct Host {
    runtime: Box<dyn ErasedRuntime>,
    pub(crate) shutdown: Shutdown,
    /// For those who have not said a word.
    pub(crate) last_call: Shutdown,
    pub(crate) meter: Meter,
    /// What times are counted from, in half the room that they would take by themselves.
    pub(crate) start: Instant,
}

impl Host {
    pub(crate) fn new<R: Runtime>(runtime: &R, shutdown: Shutdown, last_call: Shutdown, meter: Meter) -> Arc<Self> {
        Arc::new(Self {
            runtime: Box::new(runtime.clone()),
            shutdown,
            last_call,
            meter,
            start: runtime.now(),
        })
    }

    /// The time, in nanoseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        nanos(self.runtime.now().saturating_duration_since(self.start))
    }
}

impl Runtime for Context {
    type Timer = BoxTimer;
    type Task<T: Send + 'static> = ErasedTask<T>;

    fn now(&self) -> Instant {
        self.runtime().now()
    }

    fn timer(&self, deadline: Instant) -> BoxTimer {
        self.runtime().timer(deadline)
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> ErasedTask<F::Output> {
        let output = Output::default();
        let slot = output.clone();
        let handle = self.runtime().spawn(Box::pin(async move { slot.set(future.await) }));
        ErasedTask { handle, output }
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> ErasedTask<T> {
        let output = Output::default();
        let slot = output.clone();
        let handle = self.runtime().blocking(Box::new(move || slot.set(function())));
        ErasedTask { handle, output }
    }

    fn random_u64(&self) -> u64 {
        self.runtime().random_u64()
    }
}

/// The task of a [`Context`].
pub struct ErasedTask<T> {
    handle: Pin<Box<dyn ErasedHandle>>,
    output: Output<T>,
}

impl<T> fmt::Debug for ErasedTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedTask").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Future for ErasedTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        let ended = task::ready!(self.handle.as_mut().poll(cx));
        task::Poll::Ready(ended.and_then(|()| self.output.take().ok_or(TaskError::Cancelled)))
    }
}

impl<T: Send + 'static> Task<T> for ErasedTask<T> {
    fn detach(self) {
        self.handle.detach();
    }
}

/// Where a task, whose own output is erased, leaves its result.
struct Output<T>(Arc<Mutex<Option<T>>>);

impl<T> Output<T> {
    fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Output<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// [`Runtime`] without generics.
trait ErasedRuntime: Send + Sync {
    fn now(&self) -> Instant;
    fn timer(&self, deadline: Instant) -> BoxTimer;
    fn spawn(&self, future: BoxFuture) -> Pin<Box<dyn ErasedHandle>>;
    fn blocking(&self, function: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn ErasedHandle>>;
    fn random_u64(&self) -> u64;
}

impl<R: Runtime> ErasedRuntime for R {
    fn now(&self) -> Instant {
        Runtime::now(self)
    }

    fn timer(&self, deadline: Instant) -> BoxTimer {
        Box::pin(Runtime::timer(self, deadline))
    }

    fn spawn(&self, future: BoxFuture) -> Pin<Box<dyn ErasedHandle>> {
        Box::pin(Runtime::spawn(self, future))
    }

    fn blocking(&self, function: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn ErasedHandle>> {
        Box::pin(Runtime::blocking(self, function))
    }

    fn random_u64(&self) -> u64 {
        Runtime::random_u64(self)
    }
}

/// [`Task`] without generics.
trait ErasedHandle: Future<Output = Result<(), TaskError>> + Send {
    fn detach(self: Pin<Box<Self>>);
}

impl<T: Task<()>> ErasedHandle for T {
    fn detach(self: Pin<Box<Self>>) {
        Task::detach(*Pin::into_inner(self));
    }
}
