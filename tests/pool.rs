//! A bounded set of connections, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::panicking;
use std::time::Duration;

use futures_lite::future::{poll_once, yield_now};
use wirework::{Network, Pool, PoolError, PoolOptions, PoolSource, PoolStatus, Pooled, Runtime, time};
use wirework_tests::{ManualClock, on_each_runtime};

on_each_runtime![
    connections_that_are_over_at_once_are_not_made_without_end,
    a_thousand_waiters_are_served_in_order,
    what_is_given_back_is_used_again,
    there_are_never_more_than_the_maximum,
    only_the_next_in_line_is_woken,
    a_failed_attempt_makes_way_for_the_next,
    a_taker_that_gives_up_leaves_no_gap,
    waiting_has_a_deadline,
    a_busy_connection_is_not_used_again,
    an_unhealthy_connection_is_replaced,
    a_check_that_is_given_up_closes_its_connection,
    a_check_has_a_deadline,
    what_ended_while_it_lay_idle_is_not_handed_out,
    what_is_idle_for_long_is_closed,
    what_is_old_is_not_handed_out,
    a_minimum_is_kept_ready,
    closing_ends_the_wait,
    a_minimum_that_cannot_be_made_holds_up_nobody,
    closing_ends_the_upkeep,
    a_source_that_panics_costs_no_place,
    a_waker_may_own_a_connection,
];

/// Numbers what it makes, and counts what there is.
#[derive(Debug, Clone, Default)]
struct Numbers {
    made: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    refuses: Arc<AtomicBool>,
    sick: Arc<AtomicBool>,
    check_hangs: Arc<AtomicBool>,
    connect_hangs: Arc<AtomicBool>,
    attempts: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Number {
    number: usize,
    source: Numbers,
}

impl Drop for Number {
    fn drop(&mut self) {
        self.source.alive.fetch_sub(1, Ordering::SeqCst);
        let panics = self.source.panics.load(Ordering::SeqCst) && !panicking();
        assert!(!panics, "as it is told to");
    }
}

impl PoolSource for Numbers {
    type Item = Number;

    async fn connect(&self) -> io::Result<Number> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if self.connect_hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        yield_now().await;
        if self.refuses.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let alive = self.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(alive, Ordering::SeqCst);
        Ok(Number {
            number: self.made.fetch_add(1, Ordering::SeqCst),
            source: self.clone(),
        })
    }

    async fn check(&self, _: &mut Number) -> bool {
        if self.check_hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        !self.sick.load(Ordering::SeqCst)
    }

    fn is_reusable(&self, _: &mut Number) -> bool {
        assert!(!self.panics.load(Ordering::SeqCst), "as it is told to");
        true
    }
}

fn pool<R: Runtime>(runtime: &R, options: PoolOptions) -> (Pool<Numbers>, Numbers) {
    let numbers = Numbers::default();
    (Pool::new(runtime, options, numbers.clone()), numbers)
}

fn status(total: usize, idle: usize, waiting: usize) -> PoolStatus {
    PoolStatus { total, idle, waiting }
}

async fn a_thousand_waiters_are_served_in_order<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(1));
    let first = pool.get().await.unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for waiter in 0..1000 {
        let (pool_, served) = (pool.clone(), Arc::clone(&served));
        let mut waiting = Box::pin(async move {
            let number = pool_.get().await.unwrap();
            served.lock().unwrap().push(waiter);
            yield_now().await;
            drop(number);
        });
        // The first poll takes the place in line.
        assert!(poll_once(waiting.as_mut()).await.is_none());
        tasks.push(network.spawn(waiting));
    }
    assert_eq!(pool.status(), status(1, 0, 1000));
    drop(first);
    for task in tasks {
        task.await.unwrap();
    }
    let served = served.lock().unwrap();
    assert!(served.iter().copied().eq(0..1000), "{served:?}");
    assert_eq!(numbers.made.load(Ordering::SeqCst), 1);
    assert_eq!(pool.status(), status(1, 1, 0));
}

async fn what_is_given_back_is_used_again<N: Network>(network: N) {
    let (pool, _) = pool(&network, PoolOptions::new());
    let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    assert_eq!((first.number, second.number), (0, 1));
    drop(first);
    drop(second);
    // The one used last, so that those not needed get old.
    assert_eq!(pool.get().await.unwrap().number, 1);
    assert_eq!(pool.status(), status(2, 2, 0));
}

async fn there_are_never_more_than_the_maximum<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(5));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (pool, dice) = (pool.clone(), network.clone());
            network.spawn(async move {
                for _ in 0..20 {
                    let number = pool.get().await.unwrap();
                    yield_now().await;
                    if dice.random_u64() % 10 == 0 {
                        number.discard();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(numbers.most.load(Ordering::SeqCst) <= 5);
    assert!(numbers.made.load(Ordering::SeqCst) > 5);
    assert_eq!(pool.status().total, numbers.alive.load(Ordering::SeqCst));
}

async fn only_the_next_in_line_is_woken<N: Network>(network: N) {
    let (pool, _) = pool(&network, PoolOptions::new().max(1));
    let taken = pool.get().await.unwrap();
    let (mut first, mut second) = (pin!(pool.get()), pin!(pool.get()));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    drop(taken);
    assert_eq!(pool.status(), status(1, 0, 1));
    // It is the first one's, even if the second or a newcomer looks first.
    assert!(poll_once(second.as_mut()).await.is_none());
    assert!(poll_once(pool.get()).await.is_none());
    let first = first.await.unwrap();
    drop(first);
    second.await.unwrap();
}

async fn a_failed_attempt_makes_way_for_the_next<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(1));
    numbers.refuses.store(true, Ordering::SeqCst);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            network.spawn(async move { pool.get().await.map(drop) })
        })
        .collect();
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert!(matches!(error, PoolError::Connect(_)), "{error:?}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
    }
    assert_eq!(pool.status(), status(0, 0, 0));
    numbers.refuses.store(false, Ordering::SeqCst);
    pool.get().await.unwrap();
}

async fn a_taker_that_gives_up_leaves_no_gap<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(1));
    let taken = pool.get().await.unwrap();
    let (mut first, mut second) = (Box::pin(pool.get()), pin!(pool.get()));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    drop(taken);
    // It was given to the first, who goes without coming for it.
    drop(first);
    assert_eq!(second.await.unwrap().number, 0);
    // One that was being made is made by someone else.
    let half_made = poll_once(pool.get()).await;
    drop(half_made);
    pool.get().await.unwrap().discard();
    assert!(poll_once(pool.get()).await.is_none());
    pool.get().await.unwrap();
    assert_eq!(
        (pool.status(), numbers.alive.load(Ordering::SeqCst)),
        (status(1, 1, 0), 1)
    );
}

async fn waiting_has_a_deadline<N: Network>(network: N) {
    let (pool, _) = pool(&network, PoolOptions::new().max(1).timeout(Duration::from_millis(5)));
    let _taken = pool.get().await.unwrap();
    let error = pool.get().await.map(drop).unwrap_err();
    assert!(matches!(error, PoolError::TimedOut), "{error:?}");
    assert_eq!(pool.status(), status(1, 0, 0));
}

async fn a_busy_connection_is_not_used_again<N: Network>(network: N) {
    let (pool, _) = pool(&network, PoolOptions::new());
    let mut number = pool.get().await.unwrap();
    number.set_busy(true);
    drop(number);
    assert_eq!(pool.status(), status(0, 0, 0));
    let mut number = pool.get().await.unwrap();
    number.set_busy(true);
    number.set_busy(false);
    drop(number);
    assert_eq!(pool.get().await.unwrap().number, 1);
}

async fn an_unhealthy_connection_is_replaced<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new());
    drop(pool.get().await.unwrap());
    numbers.sick.store(true, Ordering::SeqCst);
    assert_eq!(pool.get().await.unwrap().number, 1);
    assert_eq!(
        (pool.status(), numbers.alive.load(Ordering::SeqCst)),
        (status(1, 1, 0), 1)
    );
}

async fn a_check_that_is_given_up_closes_its_connection<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new());
    drop(pool.get().await.unwrap());
    numbers.check_hangs.store(true, Ordering::SeqCst);
    assert!(poll_once(pool.get()).await.is_none());
    assert_eq!(
        (pool.status(), numbers.alive.load(Ordering::SeqCst)),
        (status(0, 0, 0), 0)
    );
}

async fn a_check_has_a_deadline<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (pool, numbers) = pool(&clock, PoolOptions::new().max(1).check_timeout(Duration::from_secs(3)));
    drop(pool.get().await.unwrap());
    numbers.check_hangs.store(true, Ordering::SeqCst);
    let mut waiting = pin!(pool.get());
    assert!(poll_once(waiting.as_mut()).await.is_none());
    clock.advance(Duration::from_millis(2_999)).await;
    assert!(poll_once(waiting.as_mut()).await.is_none());
    assert_eq!(numbers.alive.load(Ordering::SeqCst), 1);
    // It is closed, and a new one made in its place, long before the taker's own time is up.
    clock.advance(Duration::from_millis(1)).await;
    assert_eq!(waiting.await.unwrap().number, 1);
    assert_eq!(
        (pool.status(), numbers.alive.load(Ordering::SeqCst)),
        (status(1, 1, 0), 1)
    );
}

async fn what_ended_while_it_lay_idle_is_not_handed_out<N: Network>(network: N) {
    let numbers = Numbers::default();
    let ended = Arc::new(AtomicUsize::new(usize::MAX));
    let seen = Arc::clone(&ended);
    let source = numbers
        .clone()
        .reusable_if(move |number| number.number != seen.load(Ordering::SeqCst));
    let pool = Pool::new(&network, PoolOptions::new().max(1), source);
    drop(pool.get().await.unwrap());
    assert_eq!(pool.status(), status(1, 1, 0));
    ended.store(0, Ordering::SeqCst);
    let number = pool.get().await.unwrap();
    assert_eq!(number.number, 1);
    // And what has ended while it was taken does not go back.
    ended.store(1, Ordering::SeqCst);
    drop(number);
    assert_eq!(
        (pool.status(), numbers.alive.load(Ordering::SeqCst)),
        (status(0, 0, 0), 0)
    );
}

async fn what_is_idle_for_long_is_closed<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().idle_timeout(Duration::from_millis(20)));
    drop(pool.get().await.unwrap());
    while numbers.alive.load(Ordering::SeqCst) > 0 {
        time::sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(pool.status(), status(0, 0, 0));
}

async fn what_is_old_is_not_handed_out<N: Network>(network: N) {
    let (pool, _) = pool(&network, PoolOptions::new().lifetime(Duration::from_millis(10)));
    let number = pool.get().await.unwrap();
    time::sleep(&network, Duration::from_millis(10)).await;
    drop(number);
    assert_eq!(pool.status(), status(0, 0, 0));
    assert_eq!(pool.get().await.unwrap().number, 1);
}

async fn a_minimum_is_kept_ready<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().min(3));
    while pool.status() != status(3, 3, 0) {
        time::sleep(&network, Duration::from_millis(1)).await;
    }
    drop(pool);
    while numbers.alive.load(Ordering::SeqCst) > 0 {
        time::sleep(&network, Duration::from_millis(1)).await;
    }
}

async fn closing_ends_the_wait<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(1));
    let taken = pool.get().await.unwrap();
    let mut waiting = pin!(pool.get());
    assert!(poll_once(waiting.as_mut()).await.is_none());
    pool.close();
    assert!(matches!(waiting.await, Err(PoolError::Closed)));
    assert!(matches!(pool.get().await, Err(PoolError::Closed)));
    assert_eq!(numbers.alive.load(Ordering::SeqCst), 1);
    drop(taken);
    assert_eq!(numbers.alive.load(Ordering::SeqCst), 0);
}

async fn a_minimum_that_cannot_be_made_holds_up_nobody<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let options = PoolOptions::new().min(1).max(1).timeout(Duration::from_secs(10));
    let numbers = Numbers::default();
    numbers.connect_hangs.store(true, Ordering::SeqCst);
    let pool = Pool::new(&clock, options, numbers.clone());
    while numbers.attempts.load(Ordering::SeqCst) == 0 {
        yield_now().await;
    }
    clock.advance(Duration::from_secs(5)).await;
    // Only now does the attempt hang for sure: the clock waits for that, what counts it does not.
    numbers.connect_hangs.store(false, Ordering::SeqCst);
    let mut waiting = pin!(pool.get());
    assert!(poll_once(waiting.as_mut()).await.is_none());
    // The attempt gets as long as anybody's.
    clock.advance(Duration::from_secs(5)).await;
    assert_eq!(waiting.await.unwrap().number, 0);
}

async fn closing_ends_the_upkeep<N: Network>(network: N) {
    let numbers = Numbers::default();
    numbers.connect_hangs.store(true, Ordering::SeqCst);
    let pool = Pool::new(&network, PoolOptions::new().min(1), numbers.clone());
    while numbers.attempts.load(Ordering::SeqCst) == 0 {
        yield_now().await;
    }
    assert_eq!(pool.status(), status(1, 0, 0));
    pool.close();
    while pool.status() != status(0, 0, 0) {
        yield_now().await;
    }
}

async fn a_source_that_panics_costs_no_place<N: Network>(network: N) {
    let (pool, numbers) = pool(&network, PoolOptions::new().max(1));
    for discarded in [false, true] {
        let number = pool.get().await.unwrap();
        numbers.panics.store(true, Ordering::SeqCst);
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            if discarded { number.discard() } else { drop(number) }
        }));
        assert!(dropped.is_err());
        numbers.panics.store(false, Ordering::SeqCst);
        assert_eq!(pool.status(), status(0, 0, 0));
    }
}

async fn a_waker_may_own_a_connection<N: Network>(network: N) {
    struct Owner(#[expect(dead_code, reason = "held to be dropped")] Mutex<Option<Pooled<Numbers>>>);
    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }
    let clock = ManualClock::new(&network);
    let (pool, _) = pool(&clock, PoolOptions::new().max(1).timeout(Duration::from_secs(10)));
    let owner = Waker::from(Arc::new(Owner(Mutex::new(Some(pool.get().await.unwrap())))));
    let mut waiting = pin!(pool.get());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&owner)).is_pending());
    drop(owner);
    // The clock forgets the waker, and the pool replaces it, which gives the connection back.
    clock.advance(Duration::from_secs(10)).await;
    let error = waiting.await.map(drop).unwrap_err();
    assert!(matches!(error, PoolError::TimedOut), "{error:?}");
    assert_eq!(pool.status(), status(1, 1, 0));
}

async fn connections_that_are_over_at_once_are_not_made_without_end<N: Network>(network: N) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let connect = move || {
        count.fetch_add(1, Ordering::SeqCst);
        // As where the peer accepts and hangs up.
        std::future::ready(io::Result::Ok(()))
    };
    let pool = Pool::new(&network, PoolOptions::new().min(2), connect.reusable_if(|()| false));
    while made.load(Ordering::SeqCst) < 2 {
        time::sleep(&network, Duration::from_millis(1)).await;
    }
    time::sleep(&network, Duration::from_millis(20)).await;
    drop(pool);
    assert_eq!(made.load(Ordering::SeqCst), 2, "in one round of upkeep");
}
