//! A bounded set of connections that are used again.

mod error;
mod options;
mod place;
mod pooled;
mod shelf;
mod source;
mod turn;
mod upkeep;

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Instant;

use futures_lite::future::or;

pub use self::error::PoolError;
pub use self::options::PoolOptions;
use self::place::Place;
pub use self::pooled::Pooled;
use self::shelf::{Entry, Grant, Shelf};
pub use self::source::{PoolSource, ReusableIf};
use self::turn::Turn;
use self::upkeep::upkeep;
use crate::time::{after, deadline};
use crate::{Addr, Context, Runtime, Shutdown, Task};

/// A pool of connections, or of whatever a [`PoolSource`] makes. Cheap to clone.
///
/// Who takes one has it alone until it is dropped. When all are taken, further takers wait, first come first served: one that
/// is given back goes straight to the next in line and wakes nobody else. A connection that fails makes way for the next
/// attempt in the same order.
///
/// What lies idle is closed after a while, and so is what has lived long. Before it is handed out it is
/// [checked](PoolSource::check), for no longer than [so long](PoolOptions::check_timeout).
///
/// An idle connection takes at most 40 bytes in the pool beside itself.
///
/// ```
/// # use std::io;
/// use wirework::codec::Lines;
/// use wirework::{Connector, Framed, Network, Pool, PoolOptions};
///
/// async fn ask_twice<N: Network>(network: &N) -> io::Result<()> {
///     let connector = Connector::new(network);
///     let pool = Pool::new(network, PoolOptions::new().max(4), move || {
///         let connector = connector.clone();
///         async move {
///             let stream = connector.connect("counter.example:7000").await?;
///             Ok(Framed::new(stream, Lines::new()))
///         }
///     });
///     for _ in 0..2 {
///         let mut framed = pool.get().await?;
///         framed.set_busy(true); // Dropped before the answer has come, it must not go back.
///         framed.send("GET").await?;
///         println!("{:?}", framed.next().await?);
///         framed.set_busy(false);
///     }
///     Ok(())
/// }
/// ```
pub struct Pool<S: PoolSource> {
    handle: Arc<Handle<S>>,
}

/// Dropping it ends the upkeep. Connections that are taken then are closed when they are dropped.
struct Handle<S: PoolSource> {
    shared: Arc<Shared<S>>,
    stop: Shutdown,
}

impl<S: PoolSource> Drop for Handle<S> {
    fn drop(&mut self) {
        self.stop.begin();
        self.shared.close();
    }
}

struct Shared<S: PoolSource> {
    source: S,
    runtime: Context,
    options: PoolOptions,
    shelf: Mutex<Shelf<S::Item>>,
}

/// How many connections a pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// All of them: idle, taken, or being made.
    pub total: usize,
    /// Those that nobody has.
    pub idle: usize,
    /// How many takers wait.
    pub waiting: usize,
}

impl<S: PoolSource> Pool<S> {
    /// A pool of what `source` makes. It makes the first ones when they are asked for, unless it is to have a
    /// [minimum](PoolOptions::min).
    ///
    /// # Panics
    /// Panics if the minimum is more than the maximum.
    pub fn new<R: Runtime>(runtime: &R, options: PoolOptions, source: S) -> Self {
        let (min, max) = (options.min, options.max);
        assert!(min <= max, "min ({min} connections) must not be more than max ({max})");
        let runtime = Context::new(runtime, Addr::Unix(None));
        let shared = Arc::new(Shared {
            source,
            runtime: runtime.clone(),
            options,
            shelf: Mutex::new(Shelf::new(options.max)),
        });
        let stop = Shutdown::new();
        let mut stopped = stop.signal();
        let upkeep = upkeep(runtime.clone(), options, Arc::downgrade(&shared));
        let upkeep = async move { or(async move { stopped.wait().await }, upkeep).await };
        runtime.spawn(upkeep).detach();
        Self {
            handle: Arc::new(Handle { shared, stop }),
        }
    }

    /// Takes a connection: an idle one that is found healthy, else a new one, else the next that is given back.
    ///
    /// # Errors
    /// Fails when none is to be had in time (30 seconds unless [set otherwise](PoolOptions::timeout)), when a new one cannot
    /// be made, or when the pool was closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line. A connection that was about to be handed over goes to the next one.
    pub async fn get(&self) -> Result<Pooled<S>, PoolError> {
        let shared = &self.handle.shared;
        let until = after(shared.runtime.now(), shared.options.timeout);
        let taken = deadline(&shared.runtime, until, shared.take()).await;
        taken.map_err(|_| PoolError::TimedOut)?
    }

    /// How many connections there are.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.handle.shared.shelf(|shelf| shelf.status())
    }

    /// Closes the pool, for all clones: idle connections now, taken ones when they are dropped. Those that wait fail.
    pub fn close(&self) {
        self.handle.stop.begin();
        self.handle.shared.close();
    }
}

impl<S: PoolSource> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<S: PoolSource> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl<S: PoolSource> Shared<S> {
    /// Does something with the shelf, and wakes those whom it concerns.
    fn shelf<T>(&self, with: impl FnOnce(&mut Shelf<S::Item>) -> T) -> T {
        // Whole between two methods, so a panic elsewhere cannot have spoilt it.
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let result = with(&mut shelf);
        let (wakers, replaced) = (mem::take(&mut shelf.wakers), mem::take(&mut shelf.replaced));
        drop(shelf);
        drop(replaced);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    async fn take(self: &Arc<Self>) -> Result<Pooled<S>, PoolError> {
        match self.line_up().await? {
            Grant::Place => self.make(Place::new(self)).await,
            Grant::Entry(entry) => {
                let pooled = Pooled::new(self, entry);
                match pooled.if_healthy().await {
                    Ok(pooled) => Ok(pooled),
                    // It leaves its place to a new one.
                    Err(place) => self.make(place).await,
                }
            }
        }
    }

    /// Waits until there is something to take, in order.
    async fn line_up(self: &Arc<Self>) -> Result<Grant<S::Item>, PoolError> {
        let mut turn = match self.shelf(Shelf::take) {
            Ok(grant) => return Ok(grant),
            Err(None) => return Err(PoolError::Closed),
            Err(Some(ticket)) => Turn::new(self, ticket),
        };
        poll_fn(|cx| turn.poll(cx)).await
    }

    async fn make(self: &Arc<Self>, place: Place<S>) -> Result<Pooled<S>, PoolError> {
        let item = self.source.connect().await.map_err(PoolError::Connect)?;
        Ok(Pooled::new(self, Entry::new(item, self.expiry())).in_place(place))
    }

    /// When a connection that is made now has lived long enough. Not all at once: up to a tenth earlier.
    fn expiry(&self) -> Instant {
        let share = u32::try_from(self.runtime.random_u64() % 1000).unwrap_or(0);
        let lifetime = self.options.lifetime;
        after(self.runtime.now(), lifetime.saturating_sub(lifetime / 10_000 * share))
    }

    fn is_stale(&self, entry: &Entry<S::Item>, now: Instant) -> bool {
        now >= entry.expires || now.saturating_duration_since(entry.idle_since) >= self.options.idle_timeout
    }

    fn give_back(self: &Arc<Self>, entry: Entry<S::Item>) {
        // What is not used again is closed before its place is free, and both happen even if the source panics.
        let place = Place::new(self);
        let mut entry = entry;
        let now = self.runtime.now();
        entry.idle_since = now;
        if now < entry.expires && self.source.is_reusable(&mut entry.item) {
            place.keep();
            let rest = self.shelf(|shelf| shelf.give_back(entry));
            drop(rest); // Closing a connection may take a while, so not under the lock.
        }
    }

    fn close(&self) {
        let idle = self.shelf(Shelf::close);
        drop(idle);
    }
}
