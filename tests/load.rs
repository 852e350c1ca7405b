//! Bounding and sharing out load: the rate limiter and the balancer, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::pin::pin;
use std::time::Duration;

use futures_lite::future::poll_once;
use wirework::{Balance, Balancer, Network, RateLimiter, time};
use wirework_tests::{ManualClock, on_each_runtime};

on_each_runtime![
    a_rate_is_kept,
    nobody_overtakes_those_who_wait,
    what_is_not_there_is_not_taken,
    a_taker_that_gives_up_gives_back,
    endpoints_take_turns,
    the_least_loaded_is_picked,
    an_endpoint_that_fails_is_ejected,
    an_ejected_endpoint_comes_back_and_each_ejection_is_longer,
    many_failures_at_once_are_one_ejection,
    a_long_ejection_is_as_long_as_it_was_set,
    the_rate_holds_whoever_gives_up,
    who_gives_up_lets_the_next_go_earlier,
    a_rate_beyond_nanoseconds_is_exact,
];

async fn a_rate_is_kept<N: Network>(network: N) {
    let limiter = RateLimiter::new(&network, 1000, 5);
    let start = network.now();
    for _ in 0..5 {
        assert!(poll_once(limiter.take(1)).await.is_some());
    }
    for _ in 0..20 {
        limiter.clone().take(1).await;
    }
    assert!(network.now() - start >= Duration::from_millis(20));
}

async fn nobody_overtakes_those_who_wait<N: Network>(network: N) {
    let limiter = RateLimiter::new(&network, 1, 1);
    limiter.take(1).await;
    let mut first = pin!(limiter.take(1000));
    assert!(poll_once(first.as_mut()).await.is_none());
    let wait = limiter.try_take(1).unwrap_err();
    assert!(wait > Duration::from_mins(15), "{wait:?}");
}

async fn what_is_not_there_is_not_taken<N: Network>(network: N) {
    let limiter = RateLimiter::new(&network, 1, 1000);
    limiter.try_take(1000).unwrap();
    for _ in 0..3 {
        let wait = limiter.try_take(500).unwrap_err();
        assert!(
            wait > Duration::from_secs(400) && wait <= Duration::from_secs(500),
            "{wait:?}"
        );
    }
}

async fn a_taker_that_gives_up_gives_back<N: Network>(network: N) {
    let limiter = RateLimiter::new(&network, 1000, 1);
    for _ in 0..10 {
        assert!(poll_once(limiter.take(1_000_000)).await.is_none());
    }
    // Had these been kept, this would take hours.
    limiter.take(2).await;
}

async fn endpoints_take_turns<N: Network>(network: N) {
    let balancer = Balancer::new(&network, ["a", "b", "c"]).policy(Balance::RoundRobin);
    let picks: Vec<_> = (0..7).map(|_| *balancer.clone().pick()).collect();
    assert_eq!(picks.concat(), "abcabca");
}

async fn the_least_loaded_is_picked<N: Network>(network: N) {
    let balancer = Balancer::new(&network, ["a", "b"]);
    let (first, second) = (balancer.pick(), balancer.pick());
    assert_eq!((*first, *second), ("a", "b"));
    drop(second);
    let picks: Vec<_> = (0..3).map(|_| *balancer.pick()).collect();
    assert_eq!(picks.concat(), "bbb");
    first.report(true);
    assert_eq!([*balancer.pick(), *balancer.pick()].concat(), "ab");
}

async fn an_endpoint_that_fails_is_ejected<N: Network>(network: N) {
    let balancer = Balancer::new(&network, ["good", "bad"])
        .policy(Balance::RoundRobin)
        .eject_after(2)
        .eject_for(Duration::from_hours(1));
    let mut failures = 0;
    for _ in 0..10 {
        let endpoint = balancer.pick();
        let ok = *endpoint == "good";
        failures += u32::from(!ok);
        endpoint.report(ok);
    }
    assert_eq!((failures, balancer.ejected()), (2, 1));
}

async fn an_ejected_endpoint_comes_back_and_each_ejection_is_longer<N: Network>(network: N) {
    let balancer = Balancer::new(&network, ["only"])
        .eject_after(1)
        .eject_for(Duration::from_millis(5));
    let mut lasted = Vec::new();
    for _ in 0..3 {
        let start = network.now();
        // Where all are ejected, all are picked.
        balancer.pick().report(false);
        assert_eq!(*balancer.pick(), "only");
        while balancer.ejected() > 0 {
            time::sleep(&network, Duration::from_millis(1)).await;
        }
        lasted.push(network.now() - start);
    }
    assert!(lasted[0] >= Duration::from_millis(5), "{lasted:?}");
    assert!(lasted[1] >= Duration::from_millis(10), "{lasted:?}");
    assert!(lasted[2] >= Duration::from_millis(20), "{lasted:?}");
}

async fn many_failures_at_once_are_one_ejection<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let balancer = Balancer::new(&clock, ["only"])
        .eject_after(2)
        .eject_for(Duration::from_secs(1));
    let picked: Vec<_> = (0..10).map(|_| balancer.pick()).collect();
    for endpoint in picked {
        endpoint.report(false);
    }
    for seconds in [1, 2, 4] {
        assert_eq!(balancer.ejected(), 1);
        clock
            .advance(Duration::from_secs(seconds).saturating_sub(Duration::from_nanos(1)))
            .await;
        assert_eq!(balancer.ejected(), 1, "{seconds}");
        clock.advance(Duration::from_nanos(1)).await;
        assert_eq!(balancer.ejected(), 0, "{seconds}");
        balancer.pick().report(false);
    }
}

async fn a_long_ejection_is_as_long_as_it_was_set<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let hour = Duration::from_hours(1);
    let balancer = Balancer::new(&clock, ["only"]).eject_after(1).eject_for(hour);
    for _ in 0..3 {
        balancer.pick().report(false);
        clock.advance(hour.saturating_sub(Duration::from_nanos(1))).await;
        assert_eq!(balancer.ejected(), 1);
        clock.advance(Duration::from_nanos(1)).await;
        assert_eq!(balancer.ejected(), 0);
    }
}

async fn the_rate_holds_whoever_gives_up<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limiter = RateLimiter::new(&clock, 1, 1);
    limiter.take(1).await;
    let mut large = Box::pin(limiter.take(100));
    assert!(poll_once(large.as_mut()).await.is_none());
    let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(limiter.take(1))).collect();
    for take in &mut waiting {
        assert!(poll_once(take.as_mut()).await.is_none());
    }
    drop(large);
    let late: Vec<_> = (0..10).map(|_| Box::pin(limiter.take(1))).collect();
    waiting.extend(late);
    // One each second, in the order in which they came.
    for seconds in 0..150 {
        let mut went = 0;
        let mut still = Vec::new();
        for (number, mut take) in waiting.into_iter().enumerate() {
            if poll_once(take.as_mut()).await.is_some() {
                assert_eq!(number, 0, "after {seconds} s");
                went += 1;
            } else {
                still.push(take);
            }
        }
        assert!(went <= 1, "{went} after {seconds} s");
        waiting = still;
        clock.advance(Duration::from_secs(1)).await;
    }
    assert!(waiting.is_empty());
}

async fn who_gives_up_lets_the_next_go_earlier<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limiter = RateLimiter::new(&clock, 1, 3);
    limiter.take(3).await;
    let mut large = Box::pin(limiter.take(100));
    let mut next: Vec<_> = (0..5).map(|_| Box::pin(limiter.take(1))).collect();
    assert!(poll_once(large.as_mut()).await.is_none());
    for take in &mut next {
        assert!(poll_once(take.as_mut()).await.is_none());
    }
    assert_eq!(limiter.try_take(1), Err(Duration::from_secs(100 + 5 + 1)));
    clock.advance(Duration::from_secs(50)).await;
    assert!(poll_once(large.as_mut()).await.is_none());
    drop(large);
    // The bucket has filled up meanwhile, to the burst and not beyond.
    let mut gone = Vec::new();
    for take in &mut next {
        gone.push(poll_once(take.as_mut()).await.is_some());
    }
    assert_eq!(gone, [true, true, true, false, false]);
    assert_eq!(limiter.try_take(1), Err(Duration::from_secs(3)));
    clock.advance(Duration::from_secs(2)).await;
    next.pop().unwrap().await;
    assert_eq!(limiter.try_take(1), Err(Duration::from_secs(1)));
}

async fn a_rate_beyond_nanoseconds_is_exact<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limiter = RateLimiter::new(&clock, 3_000_000_000, 1000);
    for _ in 0..1000 {
        limiter.try_take(1).unwrap();
    }
    assert!(limiter.try_take(1).is_err());
    clock.advance(Duration::from_nanos(1)).await;
    let taken = (0..10).filter(|_| limiter.try_take(1).is_ok()).count();
    assert_eq!(taken, 3);
    assert_eq!(limiter.try_take(3_000), Err(Duration::from_micros(1)));
}
