//! smol as a wirework runtime.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once, Weak};
use std::thread;
use std::time::Instant;

use smol::Executor;
use smol::channel::{self, Sender};
use wirework::{CatchPanic, Runtime, TaskError};
use wirework_async_io::block_on;

use crate::{Task, Timer};

/// A smol executor.
///
/// ```
/// use wirework::Runtime;
/// use wirework_smol::Smol;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Smol::new(2)?;
/// let sum = runtime.spawn(async { 1 + 2 });
/// assert_eq!(runtime.block_on(sum).unwrap(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Smol {
    executor: Backing,
    /// Keeps the threads of [`Smol::new`] running; `None` where someone else does.
    _threads: Option<Arc<Threads>>,
}

impl Smol {
    /// Starts an executor with that many threads of its own, named `wirework-smol-1` and so on.
    ///
    /// They stop when the last clone of the value is dropped. Tasks that are not finished then are cancelled.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for zero threads; else those of the system.
    pub fn new(threads: usize) -> io::Result<Self> {
        if threads == 0 {
            let error = "a runtime needs at least one thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded(1);
        for number in 1..=threads {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::Builder::new()
                .name(format!("wirework-smol-{number}"))
                .spawn(move || block_on(executor.run(stopped.recv())))?;
        }
        Ok(Self {
            executor: Backing::Own(Arc::downgrade(&executor)),
            _threads: Some(Arc::new(Threads { _stop: stop })),
        })
    }

    /// The executor behind [`smol::spawn`]. It starts on first use, with one thread or as many as the environment variable
    /// `SMOL_THREADS` says, and never stops.
    #[must_use]
    pub fn global() -> Self {
        Self::backed_by(Backing::Global)
    }

    /// An executor that somebody else runs. Its tasks make progress only while someone does.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wirework::Runtime;
    /// use wirework_smol::Smol;
    ///
    /// let executor = Arc::new(smol::Executor::new());
    /// let runtime = Smol::with_executor(Arc::clone(&executor));
    /// let sum = runtime.spawn(async { 1 + 2 });
    /// assert_eq!(smol::block_on(executor.run(sum)).unwrap(), 3);
    /// ```
    #[must_use]
    pub fn with_executor(executor: Arc<Executor<'static>>) -> Self {
        Self::backed_by(Backing::Given(executor))
    }

    /// Runs a future on the calling thread until it is done. Tasks stay on the executor's threads.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(future)
    }

    fn backed_by(executor: Backing) -> Self {
        Self {
            executor,
            _threads: None,
        }
    }
}

impl Runtime for Smol {
    type Timer = Timer;
    type Task<T: Send + 'static> = Task<T>;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn timer(&self, deadline: Instant) -> Timer {
        Timer::at(deadline)
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Task<F::Output> {
        let future = CatchPanic::new(future);
        Task::new(match &self.executor {
            Backing::Global => {
                drive_sockets();
                smol::spawn(future)
            }
            Backing::Given(executor) => executor.spawn(future),
            // After its end: an executor that is dropped at once, which cancels the task.
            Backing::Own(executor) => executor.upgrade().unwrap_or_default().spawn(future),
        })
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task::new(smol::unblock(|| {
            catch_unwind(AssertUnwindSafe(function)).map_err(TaskError::panicked)
        }))
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
/// When the system cannot start the threads.
pub fn run<F: Future>(main: impl FnOnce(Smol) -> F) -> F::Output {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtime = Smol::new(cores).expect("the system can start a thread per core");
    // A task may keep its runtime: one that does not keep the threads, or they would never stop.
    runtime.block_on(main(Smol::backed_by(runtime.executor.clone())))
}

/// Has the global executor take the sockets' events itself while it is busy, rather than by async-io.
fn drive_sockets() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Some(drive) = wirework_async_io::drive() {
            smol::spawn(drive).detach();
        }
    });
}

#[derive(Debug, Clone)]
enum Backing {
    Global,
    Given(Arc<Executor<'static>>),
    /// Owned by its threads. They drop it when they stop, and so its tasks, which may hold this runtime themselves.
    Own(Weak<Executor<'static>>),
}

/// Dropping it stops the threads: their channel is closed then.
#[derive(Debug)]
struct Threads {
    _stop: Sender<()>,
}
