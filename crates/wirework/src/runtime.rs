//! What an executor gives a protocol: a clock, timers, tasks, and randomness.
//!
//! Nothing in wirework reads a clock, spawns or rolls dice other than through a runtime value; that is what lets the same
//! code run on any executor and, exactly repeatable, in a simulator.

use std::fmt::Debug;
use std::time::Instant;

use crate::{Task, Timer};

/// An executor, as a cheap-to-clone value.
///
/// Sockets are a capability of their own, [`Network`](crate::Network): code that needs none asks only for this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a runtime of wirework",
    label = "not a `Runtime`",
    note = "a runtime is a value: the argument of what `wirework_smol::run` is given, a handler's `Context`, \
            or `Tokio::current()`"
)]
pub trait Runtime: Clone + Debug + Send + Sync + 'static {
    /// A timer of this runtime.
    type Timer: Timer;
    /// The handle of a task.
    type Task<T: Send + 'static>: Task<T>;

    /// The time now. Virtual in a simulator, so compare it only with other values of the same runtime.
    fn now(&self) -> Instant;

    /// A timer that completes at `deadline`. See also [`sleep`](crate::time::sleep), [`timeout`](crate::time::timeout()) and
    /// [`interval`](crate::time::interval()).
    fn timer(&self, deadline: Instant) -> Self::Timer;

    /// Runs a future on this runtime's threads, from any thread.
    ///
    /// Dropping the returned task cancels the future; see [`Task`].
    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Self::Task<F::Output>;

    /// Runs a function that blocks, such as file access, on a thread where it stops nobody else.
    ///
    /// How many run at a time is for the runtime to say, and those beyond wait, in a queue without a bound: unless set otherwise, 500 on
    /// smol and async-std (by `BLOCKING_MAX_THREADS`) and 512 on tokio (by its builder).
    ///
    /// Dropping the task gives up its result; a function that has started runs to its end.
    fn blocking<T: Send + 'static>(&self, function: impl FnOnce() -> T + Send + 'static) -> Self::Task<T>;

    /// A random number for jitter and sampling; not for secrets. Seeded in a simulator.
    fn random_u64(&self) -> u64;
}
