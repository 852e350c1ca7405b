//! async-std as a wirework runtime.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::Instant;

use async_global_executor::GlobalExecutorConfig;
use async_std::task;
use wirework::{CatchPanic, Runtime, TaskError};

use crate::{Task, Timer};

/// async-std's executor, of which a process has one.
///
/// ```
/// use wirework::Runtime;
/// use wirework_async_std::AsyncStd;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = AsyncStd::new(2)?;
/// let sum = runtime.spawn(async { 1 + 2 });
/// assert_eq!(runtime.block_on(sum).unwrap(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AsyncStd(());

impl AsyncStd {
    /// Starts the executor with that many threads, named `wirework-async-std`. No environment variable changes the number.
    ///
    /// The threads never stop. Starting it again with the same number gives the executor that runs.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for zero threads; [`AlreadyExists`](io::ErrorKind::AlreadyExists) when
    /// the executor runs with another number, or was started by anything else, since it does not tell its number.
    ///
    /// # Panics
    /// When the system cannot start the threads.
    pub fn new(threads: usize) -> io::Result<Self> {
        static STARTED: Mutex<Option<usize>> = Mutex::new(None);
        if threads == 0 {
            let error = "a runtime needs at least one thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if started.is_none() && start(threads) {
            *started = Some(threads);
        }
        let error = match *started {
            Some(number) if number == threads => return Ok(Self(())),
            Some(number) => format!("async-std runs already, with {number} threads instead of {threads}"),
            None => format!("async-std runs already: ask for {threads} threads before anything else uses it"),
        };
        Err(io::Error::new(io::ErrorKind::AlreadyExists, error))
    }

    /// The executor as it is, or as async-std starts it on first use: with a thread per CPU core or as many as the
    /// environment variable `ASYNC_STD_THREAD_COUNT` says.
    #[must_use]
    pub fn global() -> Self {
        Self(())
    }

    /// Runs a future on the calling thread until it is done. Tasks stay on the executor's threads.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        task::block_on(future)
    }
}

impl Runtime for AsyncStd {
    type Timer = Timer;
    type Task<T: Send + 'static> = Task<T>;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn timer(&self, deadline: Instant) -> Timer {
        Timer::at(deadline)
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Task<F::Output> {
        drive_sockets();
        Task::new(task::spawn(CatchPanic::new(future)))
    }

    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task::new(task::spawn_blocking(|| {
            catch_unwind(AssertUnwindSafe(function)).map_err(TaskError::panicked)
        }))
    }

    fn random_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// Runs `main` on the calling thread, next to one worker thread per CPU core, as on every runtime of wirework.
///
/// An executor that runs already is taken as it is. When `main` is done, tasks that are not finished go on: async-std's
/// threads never stop.
///
/// # Panics
/// When the system cannot start the threads.
pub fn run<F: Future>(main: impl FnOnce(AsyncStd) -> F) -> F::Output {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtime = AsyncStd::new(cores).unwrap_or_else(|_| AsyncStd::global());
    runtime.block_on(main(runtime.clone()))
}

/// Has the executor take the sockets' events itself while it is busy, rather than by async-io.
fn drive_sockets() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Some(drive) = wirework_async_io::drive() {
            task::spawn(drive);
        }
    });
}

/// Whether the executor now runs the way asked for, rather than in a way that something else chose before.
fn start(threads: usize) -> bool {
    let name: Arc<str> = "wirework-async-std".into();
    let config = GlobalExecutorConfig::default()
        .with_env_var("") // There is none of that name: the number is the one given here.
        .with_min_threads(threads)
        .with_max_threads(threads)
        .with_thread_name_fn({
            let name = Arc::clone(&name);
            move || name.to_string()
        });
    async_global_executor::init_with_config(config);
    // An executor that was configured before has dropped this configuration, and its hold on the name.
    Arc::strong_count(&name) > 1
}
