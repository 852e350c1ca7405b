//! The pool under everything at once, at random: takers that come, wait, give up and hold; attempts that succeed and fail;
//! time that passes. Polled by hand, and never without a wake-up in the end, so that a lost one shows.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use wirework::{Pool, PoolError, PoolOptions, PoolSource, PoolStatus, Pooled, Runtime, Task, TaskError, Timer};
use wirework_tests::ManualClock;

/// So many takers there are.
const SLOTS: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Op {
    /// Comes and looks, or looks again.
    Poll(usize),
    GiveUp(usize),
    GiveBack(usize),
    Discard(usize),
    /// One of the attempts ends, well or not.
    Connect(usize, bool),
    Sick(bool),
    Pass(u64),
    Upkeep,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0..SLOTS).prop_map(Op::Poll),
        3 => (0..SLOTS).prop_map(Op::GiveUp),
        5 => (0..SLOTS).prop_map(Op::GiveBack),
        2 => (0..SLOTS).prop_map(Op::Discard),
        6 => (0_usize..8, prop::bool::weighted(0.7)).prop_map(|(attempt, ok)| Op::Connect(attempt, ok)),
        1 => any::<bool>().prop_map(Op::Sick),
        2 => (1_u64..12_000).prop_map(Op::Pass),
        2 => Just(Op::Upkeep),
    ]
}

/// Keeps what is spawned, for the test to poll.
#[derive(Clone, Default)]
struct ByHand(Arc<Mutex<Vec<Spawned>>>);

type Spawned = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByHand")
    }
}

/// A timer, and a task, that nobody waits for.
struct Unused<T>(PhantomData<fn() -> T>);

impl<T> Future for Unused<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        Poll::Pending
    }
}

impl Timer for Unused<()> {
    fn reset(self: Pin<&mut Self>, _: Instant) {}
}

impl<T: Send + 'static> Task<T> for Unused<Result<T, TaskError>> {
    fn detach(self) {}
}

impl Runtime for ByHand {
    type Timer = Unused<()>;
    type Task<T: Send + 'static> = Unused<Result<T, TaskError>>;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn timer(&self, _: Instant) -> Self::Timer {
        Unused(PhantomData)
    }

    fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> Self::Task<F::Output> {
        self.0.lock().unwrap().push(Box::pin(async move { drop(future.await) }));
        Unused(PhantomData)
    }

    fn blocking<T: Send + 'static>(&self, _: impl FnOnce() -> T + Send + 'static) -> Self::Task<T> {
        Unused(PhantomData)
    }

    fn random_u64(&self) -> u64 {
        7
    }
}

/// Connects when it is told to.
#[derive(Debug, Clone, Default)]
struct Source {
    attempts: Arc<Mutex<Vec<Arc<Attempt>>>>,
    begun: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
    sick: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Attempt(Mutex<(Option<bool>, Option<Waker>)>);

impl Attempt {
    fn end(&self, ok: bool) {
        let mut state = self.0.lock().unwrap();
        state.0 = Some(ok);
        let waker = state.1.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Counts itself, as long as it is there.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PoolSource for Source {
    type Item = Counted;

    async fn connect(&self) -> io::Result<Counted> {
        // Counted from the first moment: that many connections there may be.
        let made = Counted::new(&self.alive);
        self.begun.fetch_add(1, Ordering::SeqCst);
        let attempt = Arc::<Attempt>::default();
        self.attempts.lock().unwrap().push(Arc::clone(&attempt));
        let ok = poll_fn(|cx| {
            let mut state = attempt.0.lock().unwrap();
            state.1 = Some(cx.waker().clone());
            state.0.map_or(Poll::Pending, Poll::Ready)
        });
        if ok.await {
            Ok(made)
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }

    async fn check(&self, _: &mut Counted) -> bool {
        !self.sick.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl Flag {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Getting = Pin<Box<dyn Future<Output = Result<Pooled<Source>, PoolError>>>>;

enum Slot {
    Free,
    /// With the number of its arrival, as long as it waits in line.
    Waits(Getting, usize),
    /// Makes a connection.
    Makes(Getting),
    Holds(Pooled<Source>),
}

struct World {
    clock: ManualClock<ByHand>,
    spawned: ByHand,
    pool: Pool<Source>,
    source: Source,
    max: usize,
    slots: [Slot; SLOTS],
    woken: [Arc<Flag>; SLOTS],
    upkeep_woken: Arc<Flag>,
    arrivals: usize,
}

impl World {
    fn new(max: usize, min: usize) -> Self {
        let (spawned, source) = (ByHand::default(), Source::default());
        let clock = ManualClock::new(&spawned);
        let options = PoolOptions::new().max(max).min(min);
        let options = options
            .idle_timeout(Duration::from_secs(8))
            .lifetime(Duration::from_secs(20));
        Self {
            pool: Pool::new(&clock, options, source.clone()),
            clock,
            spawned,
            source,
            max,
            slots: [const { Slot::Free }; SLOTS],
            woken: Default::default(),
            upkeep_woken: Arc::default(),
            arrivals: 0,
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Poll(slot) => {
                self.poll(slot);
            }
            Op::GiveUp(slot) if !matches!(self.slots[slot], Slot::Holds(_)) => self.slots[slot] = Slot::Free,
            Op::GiveBack(slot) if matches!(self.slots[slot], Slot::Holds(_)) => self.slots[slot] = Slot::Free,
            Op::Discard(slot) => match std::mem::replace(&mut self.slots[slot], Slot::Free) {
                Slot::Holds(pooled) => pooled.discard(),
                other => self.slots[slot] = other,
            },
            Op::GiveUp(_) | Op::GiveBack(_) => {}
            Op::Connect(attempt, ok) => {
                let attempts = self.source.attempts.lock().unwrap().clone();
                if !attempts.is_empty() {
                    let attempt = Arc::clone(&attempts[attempt % attempts.len()]);
                    self.source
                        .attempts
                        .lock()
                        .unwrap()
                        .retain(|other| !Arc::ptr_eq(other, &attempt));
                    attempt.end(ok);
                }
            }
            Op::Sick(sick) => self.source.sick.store(sick, Ordering::SeqCst),
            Op::Pass(ms) => self.clock.pass(Duration::from_millis(ms)),
            Op::Upkeep => self.upkeep(),
        }
        self.check();
    }

    /// Polls a taker. If it has left the line, all who came before it must be able to.
    fn poll(&mut self, slot: usize) -> bool {
        let (getting, arrival) = match std::mem::replace(&mut self.slots[slot], Slot::Free) {
            Slot::Free => {
                let pool = self.pool.clone();
                self.arrivals += 1;
                (
                    Box::pin(async move { pool.get().await }) as Getting,
                    Some(self.arrivals),
                )
            }
            Slot::Waits(getting, arrival) => (getting, Some(arrival)),
            Slot::Makes(getting) => (getting, None),
            holds @ Slot::Holds(_) => {
                self.slots[slot] = holds;
                return false;
            }
        };
        let mut getting = getting;
        let begun = self.source.begun.load(Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken[slot]));
        let polled = getting.as_mut().poll(&mut Context::from_waker(&waker));
        let makes = arrival.is_none() || self.source.begun.load(Ordering::SeqCst) > begun;
        let timed_out = matches!(polled, Poll::Ready(Err(PoolError::TimedOut)));
        self.slots[slot] = match (polled, arrival) {
            (Poll::Ready(Ok(pooled)), _) => Slot::Holds(pooled),
            (Poll::Ready(Err(_)), _) => Slot::Free,
            (Poll::Pending, Some(arrival)) if !makes => Slot::Waits(getting, arrival),
            (Poll::Pending, _) => Slot::Makes(getting),
        };
        let left = !matches!(self.slots[slot], Slot::Waits(..));
        if let (true, false, Some(arrival)) = (left, timed_out, arrival) {
            for before in 0..SLOTS {
                if matches!(&self.slots[before], Slot::Waits(_, other) if *other < arrival) {
                    assert!(self.poll(before), "{before} was overtaken by {slot}");
                }
            }
        }
        left
    }

    fn upkeep(&self) {
        let waker = Waker::from(Arc::clone(&self.upkeep_woken));
        let mut spawned = self.spawned.0.lock().unwrap();
        spawned.retain_mut(|task| task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }

    fn check(&self) {
        let PoolStatus { total, idle, .. } = self.pool.status();
        let alive = self.source.alive.load(Ordering::SeqCst);
        assert!(
            alive <= total && total <= self.max,
            "{alive} alive, {total} of {}",
            self.max
        );
        let held = self.slots.iter().filter(|slot| matches!(slot, Slot::Holds(_))).count();
        assert!(idle + held <= alive, "{idle} idle, {held} held, {alive} alive");
    }

    /// All goes well from now on, and only those are polled who were woken: everybody who waits is served.
    fn heal(&mut self) {
        self.source.sick.store(false, Ordering::SeqCst);
        loop {
            let attempts = std::mem::take(&mut *self.source.attempts.lock().unwrap());
            for attempt in &attempts {
                attempt.end(true);
            }
            let mut progress = !attempts.is_empty();
            if self.upkeep_woken.take() {
                self.upkeep();
                progress = true;
            }
            for slot in 0..SLOTS {
                if self.woken[slot].take() && !matches!(self.slots[slot], Slot::Free) {
                    self.poll(slot);
                    progress = true;
                }
                if matches!(self.slots[slot], Slot::Holds(_)) {
                    self.slots[slot] = Slot::Free;
                    progress = true;
                }
            }
            self.check();
            if !progress {
                break;
            }
        }
        assert!(
            self.slots.iter().all(|slot| matches!(slot, Slot::Free)),
            "somebody was forgotten"
        );
        let PoolStatus { total, idle, waiting } = self.pool.status();
        assert_eq!((idle, waiting), (total, 0));
        assert_eq!(self.source.alive.load(Ordering::SeqCst), total);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn nobody_is_overtaken_and_no_place_is_lost(
        max in 1_usize..4,
        min in 0_usize..3,
        ops in vec(op(), 0..120),
    ) {
        let mut world = World::new(max, min.min(max));
        world.upkeep();
        for op in ops {
            world.step(op);
        }
        world.heal();
    }
}
