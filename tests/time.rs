//! Waiting on a runtime's clock, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::future::pending;
use std::io;
use std::time::Duration;

use wirework::Network;
use wirework::time::{deadline, interval, sleep, timeout};
use wirework_tests::on_each_runtime;

on_each_runtime![
    a_sleep_is_never_short,
    what_is_done_in_time_is_not_timed_out,
    what_is_not_done_in_time_is_timed_out,
    a_deadline_may_have_passed,
    an_interval_keeps_its_beat,
    a_slow_user_gets_one_tick_for_all_it_missed,
    never_is_a_long_time,
];

async fn a_sleep_is_never_short<N: Network>(network: N) {
    for micros in [0, 1, 999, 1001, 5000] {
        let duration = Duration::from_micros(micros);
        let start = network.now();
        sleep(&network, duration).await;
        assert!(network.now() - start >= duration);
    }
}

async fn what_is_done_in_time_is_not_timed_out<N: Network>(network: N) {
    assert_eq!(timeout(&network, Duration::from_mins(1), async { 7 }).await, Ok(7));
    // Even if nobody looked before the time was up.
    assert_eq!(timeout(&network, Duration::ZERO, async { 7 }).await, Ok(7));
}

async fn what_is_not_done_in_time_is_timed_out<N: Network>(network: N) {
    let error = timeout(&network, Duration::from_millis(1), pending::<()>())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "timed out");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
}

async fn a_deadline_may_have_passed<N: Network>(network: N) {
    let now = network.now();
    assert!(deadline(&network, now, pending::<()>()).await.is_err());
}

async fn an_interval_keeps_its_beat<N: Network>(network: N) {
    let period = Duration::from_millis(2);
    let mut interval = interval(&network, period);
    let first = interval.tick().await;
    for _ in 0..5 {
        let due = interval.tick().await;
        assert!(network.now() >= due, "early");
        assert!(due > first, "twice");
        assert_eq!((due - first).as_nanos() % period.as_nanos(), 0, "off the beat");
    }
}

async fn a_slow_user_gets_one_tick_for_all_it_missed<N: Network>(network: N) {
    let period = Duration::from_millis(1);
    let mut interval = interval(&network, period);
    sleep(&network, Duration::from_millis(20)).await;
    let first = interval.tick().await;
    let second = interval.tick().await;
    assert!(second - first >= Duration::from_millis(18), "{:?}", second - first);
}

async fn never_is_a_long_time<N: Network>(network: N) {
    assert_eq!(timeout(&network, Duration::MAX, async { 7 }).await, Ok(7));
}
