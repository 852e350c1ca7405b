//! Bounding and sharing out load: the rate limiter and the balancer, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::pin::pin;
use std::time::Duration;

use futures_lite::future::poll_once;
use wirework::{Balance, Balancer, Network, RateLimiter, time};
use wirework_tests::on_each_runtime;

on_each_runtime![
    a_rate_is_kept,
    nobody_overtakes_those_who_wait,
    what_is_not_there_is_not_taken,
    a_taker_that_gives_up_gives_back,
    endpoints_take_turns,
    the_least_loaded_is_picked,
    an_endpoint_that_fails_is_ejected,
    an_ejected_endpoint_comes_back_and_each_ejection_is_longer,
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
