//! The handle of a task.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use wirework::{CatchPanic, TaskError};

use crate::SimRuntime;
use crate::executor::{BoxedFuture, TaskKey};
use crate::shared::Shared;

/// A spawned future or blocking function. Dropping it cancels; see [`wirework::Task`].
pub struct SimTask<T> {
    shared: Arc<Shared>,
    /// Nothing if the task was never started, because its host is dead.
    key: Option<TaskKey>,
    result: Arc<Slot<T>>,
    detached: bool,
}

impl<T: Send + 'static> SimTask<T> {
    pub(crate) fn spawn(
        runtime: &SimRuntime,
        future: impl Future<Output = T> + Send + 'static,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        let shared = Arc::clone(runtime.shared());
        let result = Arc::new(Slot(Mutex::new(State::Awaited(None))));
        let reporter = Reporter(Arc::clone(&result));
        let future = CatchPanic::new(future);
        let future = Box::pin(async move { reporter.0.set(future.await) });
        let key = start(runtime, future, spawned_at);
        Self {
            shared,
            key,
            result,
            detached: false,
        }
    }
}

impl<T> SimTask<T> {
    pub(crate) fn key(&self) -> Option<TaskKey> {
        self.key
    }
}

impl<T> Future for SimTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.result.poll(cx);
        if polled.is_pending()
            && let Some(key) = self.key
        {
            let mut world = self.shared.lock();
            let joiner = world.current;
            if let Some(slot) = world.tasks.get_mut(key) {
                slot.joiner = Some(joiner);
            }
        }
        polled
    }
}

impl<T: Send + 'static> wirework::Task<T> for SimTask<T> {
    fn detach(mut self) {
        self.detached = true;
    }
}

impl<T> Drop for SimTask<T> {
    fn drop(&mut self) {
        if self.detached {
            return;
        }
        if let Some(key) = self.key
            && let Some(slot) = self.shared.lock().tasks.get_mut(key)
        {
            slot.cancelled = true;
            slot.state.schedule();
        }
    }
}

impl<T> fmt::Debug for SimTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimTask")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Nothing if the host is dead; then the future is dropped at once.
fn start(runtime: &SimRuntime, future: BoxedFuture, spawned_at: &'static Location<'static>) -> Option<TaskKey> {
    let shared = runtime.shared();
    let mut world = shared.lock();
    if world.ended || !world.host(runtime.host_id()).is_alive(runtime.epoch()) {
        // Before the future, whose end may run anything.
        drop(world);
        return None;
    }
    let key = world.tasks.insert(runtime.host_id(), future, &shared.ready, spawned_at);
    let slot = world.tasks.get(key).expect("it was just put there");
    slot.state.schedule();
    Some(key)
}

/// Where a task puts its result.
struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    Awaited(Option<Waker>),
    Done(Result<T, TaskError>),
    Taken,
}

impl<T> Slot<T> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Awaited(waker) = &mut *state {
            let replaced = waker.replace(cx.waker().clone());
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Poll::Ready(result),
            State::Awaited(_) | State::Taken => panic!("a task's handle was polled after it gave its result"),
        }
    }

    /// The first result counts.
    fn set(&self, result: Result<T, TaskError>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Awaited(waker) = &mut *state else { return };
        let waker = waker.take();
        *state = State::Done(result);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Sees to it that a task which is dropped unfinished has a result, too.
struct Reporter<T>(Arc<Slot<T>>);

impl<T> Drop for Reporter<T> {
    fn drop(&mut self) {
        self.0.set(Err(TaskError::Cancelled));
    }
}
