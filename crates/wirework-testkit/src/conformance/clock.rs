//! The clock and the dice.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_lite::future::yield_now;
use wirework::Runtime;

use crate::pause::pause;

/// The clock never goes back, on one task or from one to another.
pub async fn never_goes_back<R: Runtime>(rt: R) {
    let mut latest = rt.now();
    for _ in 0..100 {
        let task_rt = rt.clone();
        let task = rt.spawn(async move { task_rt.now() });
        let elsewhere = task.await.expect("the task must not fail");
        let here = rt.now();
        assert!(latest <= elsewhere && elsewhere <= here, "the clock must not go back");
        latest = here;
        yield_now().await;
    }
}

/// The clock goes on while a timer is waited for, by no less than was waited.
pub async fn goes_on<R: Runtime>(rt: R) {
    let start = rt.now();
    pause(&rt, Duration::from_millis(10)).await;
    assert!(
        rt.now() - start >= Duration::from_millis(10),
        "the clock must go on with the timers"
    );
}

/// Random numbers differ from one another, on one task and between tasks.
pub async fn random_numbers_differ<R: Runtime>(rt: R) {
    let mut numbers = BTreeSet::new();
    for _ in 0..16 {
        let task_rt = rt.clone();
        let task = rt.spawn(async move { [task_rt.random_u64(), task_rt.random_u64()] });
        numbers.extend(task.await.expect("the task must not fail"));
        numbers.insert(rt.random_u64());
    }
    // The chance that 2 of 48 such numbers are the same is 6e-17.
    assert_eq!(numbers.len(), 48, "random numbers must not repeat");
}

/// Every bit of a random number is used.
pub async fn random_numbers_use_all_bits<R: Runtime>(rt: R) {
    let (mut ones, mut zeros) = (0, 0);
    for _ in 0..200 {
        let number = rt.random_u64();
        ones |= number;
        zeros |= !number;
    }
    assert_eq!(
        (ones, zeros),
        (u64::MAX, u64::MAX),
        "each bit must be 1 at times, and 0 at others"
    );
}
