//! Ctrl-C and SIGTERM, on any runtime.
//!
//! Caught on a thread of their own, which knows no runtime: what waits for them waits for a [`Shutdown`].

use std::fmt;
use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals as Incoming};

use crate::{Shutdown, ShutdownSignal};

/// Waits for the user or the system to end the process: SIGINT (Ctrl-C) or SIGTERM. What
/// [`RunningServer::run_until`](crate::RunningServer::run_until) takes.
///
/// From when it is made, these signals no longer end the process by themselves, not even once it is dropped.
///
/// ```no_run
/// use std::io;
/// use wirework::{Report, RunningServer, Signals};
///
/// async fn run(server: RunningServer) -> io::Result<Report> {
///     Ok(server.run_until(&Signals::new()?).await)
/// }
/// ```
pub struct Signals {
    first: Shutdown,
    second: Shutdown,
    thread: Handle,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// Fails when the system refuses a handler or a thread.
    pub fn new() -> io::Result<Self> {
        let mut incoming = Incoming::new([SIGINT, SIGTERM])?;
        let thread = incoming.handle();
        let (first, second) = (Shutdown::new(), Shutdown::new());
        let told = (first.clone(), second.clone());
        let catch = move || {
            for _ in incoming.forever() {
                if told.0.has_begun() {
                    told.1.begin();
                }
                told.0.begin();
            }
        };
        thread::Builder::new()
            .name("wirework-signals".to_owned())
            .spawn(catch)?;
        Ok(Self { first, second, thread })
    }

    /// Tells of the first signal: time to end in order.
    #[must_use]
    pub fn first(&self) -> ShutdownSignal {
        self.first.signal()
    }

    /// Tells of the second signal: whoever sent it does not want to wait.
    #[must_use]
    pub fn second(&self) -> ShutdownSignal {
        self.second.signal()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.thread.close();
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("first", &self.first)
            .field("second", &self.second)
            .finish_non_exhaustive()
    }
}
