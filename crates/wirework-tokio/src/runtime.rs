//! tokio as a wirework runtime.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::runtime::{self, Handle};
use tokio::time::sleep_until;
use wirework::Runtime;

use crate::{Task, Timer};

/// A tokio runtime.
///
/// ```
/// use wirework::Runtime;
/// use wirework_tokio::Tokio;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Tokio::new(2)?;
/// let sum = runtime.spawn(async { 1 + 2 });
/// assert_eq!(runtime.block_on(sum).unwrap(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tokio {
    handle: Handle,
    /// Keeps the threads of [`Tokio::new`] running; `None` where someone else does.
    _threads: Option<Arc<Threads>>,
}

impl Tokio {
    /// Starts a runtime with that many worker threads of its own, named `wirework-tokio`.
    ///
    /// They stop when the last clone of the value is dropped, which may be in an async context. Tasks that are not finished
    /// then are cancelled.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for zero threads; else those of the system.
    pub fn new(threads: usize) -> io::Result<Self> {
        if threads == 0 {
            let error = "a runtime needs at least one thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("wirework-tokio")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            _threads: Some(Arc::new(Threads(Some(runtime)))),
        })
    }

    /// The runtime that runs the caller, as under `#[tokio::main]`; see [`from_handle`](Self::from_handle).
    ///
    /// # Errors
    /// Fails outside of a tokio runtime.
    pub fn current() -> io::Result<Self> {
        Handle::try_current().map(Self::from_handle).map_err(io::Error::other)
    }

    /// A runtime that somebody else runs.
    ///
    /// It must have been built with time and I/O enabled: tokio panics when a timer or a socket is made without.
    #[must_use]
    pub fn from_handle(handle: Handle) -> Self {
        Self { handle, _threads: None }
    }

    /// Runs a future on the calling thread until it is done. Tasks stay on the runtime's threads.
    ///
    /// Over the handle of a current-thread runtime this drives neither tasks nor I/O, as [`Handle::block_on`] says.
    ///
    /// # Panics
    /// Within an async context of tokio.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// tokio's own name of the runtime.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Runtime for Tokio {
    type Timer = Timer;
    type Task<T: Send + 'static> = Task<T>;

    fn now(&self) -> Instant {
        // tokio's clock rather than the system's: tests may pause it.
        tokio::time::Instant::now().into_std()
    }

    fn timer(&self, deadline: Instant) -> Timer {
        let _entered = self.handle.enter();
        let sleep = sleep_until(deadline.into());
        Timer { sleep }
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Task<F::Output> {
        Task::new(self.handle.spawn(future))
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task::new(self.handle.spawn_blocking(function))
    }

    fn random_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// Runs `main` on the calling thread, next to one worker thread per CPU core, as on every runtime of wirework.
///
/// When it is done, the workers stop without waiting for one another, and tasks that are not finished are cancelled.
///
/// # Panics
/// When the system cannot start the threads, and within an async context of tokio.
pub fn run<F: Future>(main: impl FnOnce(Tokio) -> F) -> F::Output {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtime = Tokio::new(cores).expect("the system can start a thread per core");
    // A task may keep its runtime: one that does not keep the threads, or they would never stop.
    runtime.block_on(main(Tokio::from_handle(runtime.handle.clone())))
}

/// Dropping it stops the threads, without waiting for them: tokio forbids to wait in an async context.
#[derive(Debug)]
struct Threads(Option<runtime::Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
