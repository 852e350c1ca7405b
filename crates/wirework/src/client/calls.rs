//! The calls of one connection, shared by those who wait and the task that drives the connection.
//!
//! It does no I/O. A call takes one place in a table, from which its request is taken and in which its answer is left; that
//! is why a call that waits costs no allocation of its own.

mod table;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use event_listener::Event;

pub(super) use self::table::Place;
use self::table::Table;
use super::CallError;
use super::matching::Matching;

/// So many requests are taken at a time, so that the lock is not taken for each.
const BATCH: usize = 64;

#[derive(Debug)]
pub(super) struct Calls<Q, A> {
    state: Mutex<State<Q, A>>,
    /// Notified when the connection is gone.
    gone: Event,
}

#[derive(Debug)]
struct State<Q, A> {
    table: Table<Q, A>,
    phase: Phase,
    /// The driver's waker, while it has nothing to do.
    driver: Option<Waker>,
    /// What the driver waits for, besides its connection.
    wants: Wants,
    /// Some that were in flight are no longer waited for.
    lost: bool,
    /// No call's deadline is before it. `None` if no call has one.
    earliest: Option<Instant>,
}

/// What the driver could go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// The next request.
    Requests,
    /// Room: as many are in flight as may be, but those whose answers nobody waits for any more do not count.
    Room,
    /// Nothing that a call could give it.
    Nothing,
}

#[derive(Debug)]
enum Phase {
    Open,
    /// No new calls; the connection ends when those that are there have.
    Closing,
    Gone(Arc<io::Error>),
}

/// What the driver learns when it has nothing more to do.
#[derive(Debug)]
pub(super) struct Parked {
    /// Requests wait that it can go on with.
    pub(super) queued: bool,
    /// The connection is to be closed: no call is left.
    pub(super) close: bool,
    /// No call times out before.
    pub(super) earliest: Option<Instant>,
}

impl<Q, A> Calls<Q, A> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                table: Table::new(),
                phase: Phase::Open,
                driver: None,
                wants: Wants::Requests,
                lost: false,
                earliest: None,
            }),
            gone: Event::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        // Nothing in the state is half changed while code runs that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new call. Gives its place.
    pub(super) fn submit(&self, request: Q, deadline: Instant, waker: &Waker) -> Result<Place, CallError> {
        let mut state = self.state();
        match &state.phase {
            Phase::Open => {}
            Phase::Closing => return Err(refusal(&Arc::new(closed()))),
            Phase::Gone(cause) => return Err(refusal(cause)),
        }
        let place = state.table.insert(request, deadline, waker.clone());
        let is_earliest = state.earliest.is_none_or(|earliest| deadline < earliest);
        if is_earliest {
            state.earliest = Some(deadline);
        }
        let driver = if is_earliest || state.has_work() {
            state.driver.take()
        } else {
            None
        };
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(place)
    }

    /// Has the call been answered?
    pub(super) fn poll(&self, place: Place, cx: &mut Context<'_>) -> Poll<Result<A, CallError>> {
        let mut state = self.state();
        if let Some(result) = state.table.take_result(place) {
            return Poll::Ready(result);
        }
        let replaced = state.table.set_waker(place, cx.waker());
        drop(state);
        drop(replaced); // Dropping a waker may run anything, so not under the lock.
        Poll::Pending
    }

    /// Nobody waits for the call any more. If its request has not been taken it never will be.
    pub(super) fn abandon(&self, place: Place) {
        let mut state = self.state();
        state.lost |= state.table.waits(place);
        let removed = state.table.remove(place);
        // The driver may wait for the last call to end, or for room.
        let driver = if matches!(state.phase, Phase::Closing) || (state.wants == Wants::Room && state.has_work()) {
            state.driver.take()
        } else {
            None
        };
        drop(state);
        drop(removed);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// How many calls wait for an answer or their turn.
    pub(super) fn pending(&self) -> usize {
        self.state().table.pending()
    }

    /// Why the connection is gone, if it is.
    pub(super) fn gone(&self) -> Option<Arc<io::Error>> {
        match &self.state().phase {
            Phase::Gone(cause) => Some(Arc::clone(cause)),
            _ => None,
        }
    }

    /// Waits until the connection is gone.
    pub(super) async fn wait_gone(&self) -> Arc<io::Error> {
        loop {
            // Registered first, so that nothing is missed in between.
            let listener = self.gone.listen();
            if let Some(cause) = self.gone() {
                return cause;
            }
            listener.await;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state().phase, Phase::Open)
    }

    /// No new calls from now on.
    pub(super) fn close(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Closing;
        }
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// For the driver: whether requests wait, and more are likely to come as soon as other tasks have run: those of callers who
    /// were answered and do not know it yet.
    pub(super) fn expects_more(&self) -> bool {
        let state = self.state();
        state.table.has_queued() && state.table.done() > 0
    }

    /// For the driver: takes up to `room` of the requests that wait, oldest first.
    pub(super) fn take(&self, room: usize, batch: &mut Vec<(Place, Q)>) {
        let mut state = self.state();
        batch.extend(std::iter::from_fn(|| state.table.take_request()).take(room.min(BATCH)));
    }

    /// For the driver, before it waits: has it woken when there is what it `wants`, and in any case by a call that times out
    /// before all others.
    pub(super) fn park(&self, wants: Wants, cx: &mut Context<'_>) -> Parked {
        let mut state = self.state();
        state.wants = wants;
        let replaced = state.driver.replace(cx.waker().clone());
        let parked = Parked {
            queued: state.has_work(),
            close: matches!(state.phase, Phase::Closing) && state.table.pending() == 0,
            earliest: state.earliest,
        };
        drop(state);
        drop(replaced); // Dropping a waker may run anything, so not under the lock.
        parked
    }

    /// For the driver: forgets the requests whose answers nobody waits for, if there are any.
    pub(super) fn forget_lost(&self, matching: &mut impl Matching<Q, A>) {
        let mut state = self.state();
        if std::mem::take(&mut state.lost) {
            matching.make_room(|place| state.table.waits(place));
        }
    }

    /// For the driver: leaves answers where they are waited for, and wakes who waits. Those for whom nobody waits are
    /// dropped.
    pub(super) fn answer(&self, answers: &mut Vec<(Place, Result<A, CallError>)>, wakers: &mut Vec<Waker>) {
        let mut state = self.state();
        let mut late = Vec::new();
        for (place, result) in answers.drain(..) {
            match state.table.finish(place, result) {
                Ok(waker) => wakers.extend(waker),
                Err(result) => late.push(result),
            }
        }
        drop(state);
        drop(late);
        wakers.drain(..).for_each(Waker::wake);
    }

    /// For the driver: ends the calls whose time is up. Says whether there were any.
    pub(super) fn expire(&self, now: Instant) -> bool {
        let mut state = self.state();
        let pending = state.table.pending();
        let (wakers, requests, earliest) = state.table.expire(now);
        let has_expired = state.table.pending() < pending;
        state.earliest = earliest;
        state.lost = true;
        drop(state);
        drop(requests);
        wakers.into_iter().for_each(Waker::wake);
        has_expired
    }

    /// For the driver: whether the answer to that call is waited for.
    pub(super) fn waits(&self, place: Place) -> bool {
        self.state().table.waits(place)
    }

    /// For the driver: the connection is gone. All calls end, all with this cause. Only the first cause counts.
    pub(super) fn fail(&self, cause: io::Error) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Gone(_)) {
            return;
        }
        let cause = Arc::new(cause);
        let (wakers, requests) = state.table.fail(&cause);
        state.phase = Phase::Gone(cause);
        let driver = state.driver.take();
        drop(state);
        drop((requests, driver));
        wakers.into_iter().for_each(Waker::wake);
        self.gone.notify(usize::MAX);
    }
}

impl<Q, A> State<Q, A> {
    /// Whether the driver has what it wants.
    fn has_work(&self) -> bool {
        let can_take = match self.wants {
            Wants::Requests => true,
            Wants::Room => self.lost,
            Wants::Nothing => false,
        };
        can_take && self.table.has_queued()
    }
}

/// The end that the client itself asked for.
pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the client was closed")
}

fn refusal(cause: &Arc<io::Error>) -> CallError {
    CallError::Disconnected {
        cause: Arc::clone(cause),
        maybe_sent: false,
    }
}
