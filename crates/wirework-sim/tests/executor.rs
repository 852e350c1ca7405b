//! Time, tasks and timers of a simulation without a network.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(clippy::unchecked_time_subtraction, reason = "time goes on")]

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::{or, poll_once, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Listener, Network, Runtime, Task, Timer};
use wirework_sim::{Choices, Config, FailureKind, HazardKind, HostOptions, Link, Policy, Sim};

const HOUR: Duration = Duration::from_hours(1);
const NANO: Duration = Duration::from_nanos(1);

#[test]
fn timers_are_exact_to_the_nanosecond() {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("a").runtime();
    sim.run(async {
        let start = runtime.now();
        let mut timer = pin!(runtime.timer(start + HOUR));
        runtime.timer(start + HOUR - NANO).await;
        assert_eq!(runtime.now(), start + HOUR - NANO);
        assert!(poll_once(timer.as_mut()).await.is_none());
        timer.await;
        assert_eq!(runtime.now(), start + HOUR);
        assert_eq!(sim.elapsed(), HOUR);
    });
}

#[test]
fn a_clock_that_gains_is_exact_in_its_own_time() {
    let sim = Sim::new(Config::new());
    let options = HostOptions::new().clock_drift(1_000_000).clock_offset(HOUR);
    let fast = sim.host_with("fast", options).unwrap().runtime();
    sim.run(async {
        let start = fast.now();
        fast.timer(start + 1001 * Duration::from_secs(1)).await;
        assert_eq!(fast.now(), start + Duration::from_secs(1001));
        assert_eq!(sim.elapsed(), Duration::from_secs(1000));
    });
}

#[test]
fn a_moved_timer_costs_no_time() {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("a").runtime();
    sim.run(async {
        // What was dropped is nothing to wait for.
        assert!(poll_once(runtime.timer(runtime.now() + HOUR)).await.is_none());
        let mut timer = pin!(runtime.timer(runtime.now() + HOUR));
        assert!(poll_once(timer.as_mut()).await.is_none());
        timer.as_mut().reset(runtime.now() + 2 * NANO);
        timer.await;
        assert_eq!(sim.elapsed(), 2 * NANO);
    });
    assert!(sim.tally().is_empty());
}

#[test]
fn what_nobody_can_end_is_a_deadlock_that_says_who_waits() {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("a").runtime();
    let failure = sim.try_run(runtime.spawn(pending::<()>())).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    let report = failure.to_string();
    assert!(
        report.contains("the main future waits for the end of a's task from"),
        "{report}"
    );
    assert!(report.contains("nobody can wake it"), "{report}");
    assert!(report.contains("tests/executor.rs"), "{report}");
    assert_eq!(sim.hazards()[0].kind, HazardKind::Orphaned);
}

#[test]
fn a_task_that_spins_is_noted_and_time_goes_on() {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("a").runtime();
    let spinning = runtime.spawn(async {
        loop {
            yield_now().await;
        }
    });
    sim.run(sim.sleep(HOUR));
    assert_eq!(sim.hazards()[0].kind, HazardKind::Spinning);
    let failure = sim.try_run(pending::<()>()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Livelock);
    drop(spinning);
}

#[test]
fn time_stands_still_while_something_happens() {
    // Without latency, ten thousand bytes one by one are as many wake-ups at one and the same time.
    let narrow = HostOptions::new().send_buffer(1).receive_buffer(1);
    let sim = Sim::new(Config::new().link(Link::new().latency(Duration::ZERO)));
    let (client, server) = (sim.host("client"), sim.host_with("server", narrow).unwrap());
    let runtime = server.runtime();
    let mut listener = runtime.listen_tcp(server.addr(80)).unwrap();
    let sending = runtime.spawn(async move {
        let mut stream = listener.accept().await.unwrap();
        stream.write_all(&[7; 10_000]).await.unwrap();
    });
    let received = sim.run(or(
        async {
            let mut stream = client.runtime().connect_tcp(server.addr(80)).await.unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).await.unwrap();
            received.len()
        },
        async {
            sim.sleep(HOUR).await;
            0
        },
    ));
    assert_eq!((received, sim.elapsed()), (10_000, Duration::ZERO));
    assert!(sim.hazards().is_empty());
    drop(sending);
}

#[test]
fn the_time_limit_ends_a_run() {
    let sim = Sim::new(Config::new().time_limit(HOUR));
    let failure = sim.try_run(sim.sleep(2 * HOUR)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::OutOfTime);
}

#[test]
fn the_order_of_tasks_follows_from_the_choices() {
    let order = |policy, seed| {
        let sim = Sim::new(Config::new().policy(policy).choices(Choices::seeded(seed)));
        let runtime = sim.host("a").runtime();
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let order = Arc::clone(&order);
                runtime.spawn(async move { order.lock().unwrap().push(number) })
            })
            .collect();
        sim.run(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let order = order.lock().unwrap().clone();
        (order, sim.trace_hash())
    };
    let sorted: Vec<i32> = (0..20).collect();
    assert_eq!(order(Policy::Fifo, 1).0, sorted);
    for policy in [Policy::ShuffledRounds, Policy::Random] {
        assert_eq!(order(policy, 1), order(policy, 1));
        assert_ne!(order(policy, 1), order(policy, 2));
        assert_ne!(order(policy, 1).0, sorted);
    }
}

#[test]
fn a_future_that_keeps_its_first_waker_is_found() {
    let stale = |config: Config| {
        let sim = Sim::new(config);
        let runtime = sim.host("a").runtime();
        let task_runtime = runtime.clone();
        let task = runtime.spawn(async move {
            let mut first = None;
            let deadline = task_runtime.now() + HOUR;
            let mut timer = pin!(task_runtime.timer(deadline));
            yield_now().await;
            poll_fn(|cx| {
                let waker = first.get_or_insert_with(|| cx.waker().clone());
                let polled = timer.as_mut().poll(&mut std::task::Context::from_waker(waker));
                if polled.is_pending() && task_runtime.now() + HOUR == deadline {
                    // Another reason to be polled again.
                    let mut soon = Box::pin(task_runtime.timer(task_runtime.now() + NANO));
                    assert!(soon.as_mut().poll(cx).is_pending());
                    std::mem::forget(soon);
                }
                polled
            })
            .await;
        });
        sim.try_run(task).map(Result::unwrap)
    };
    stale(Config::new()).unwrap();
    stale(Config::new().fresh_wakers(true)).unwrap_err();
}

#[test]
fn spurious_polls_happen_when_asked_for() {
    let polls = |per_million| {
        let sim = Sim::new(Config::new().spurious_polls(per_million));
        let mut polls = 0;
        let mut timer = Box::pin(sim.sleep(HOUR));
        sim.run(poll_fn(|cx| {
            polls += 1;
            timer.as_mut().poll(cx)
        }));
        polls
    };
    assert_eq!(polls(0), 2);
    assert!(polls(900_000) > 2);
}

#[test]
fn polls_take_time_when_asked_to() {
    let sim = Sim::new(Config::new().poll_cost(NANO));
    sim.run(async {
        for _ in 0..99 {
            yield_now().await;
        }
    });
    assert_eq!(sim.elapsed(), 100 * NANO);
}

#[test]
fn a_program_begins_again_after_a_restart() {
    let sim = Sim::new(Config::new());
    let host = sim.host("a");
    let lives = Arc::new(Mutex::new(Vec::new()));
    host.start({
        let lives = Arc::clone(&lives);
        move |runtime| {
            let lives = Arc::clone(&lives);
            async move {
                lives.lock().unwrap().push(runtime.now());
                pending::<()>().await;
            }
        }
    });
    let before = host.runtime();
    sim.run(async {
        sim.sleep(HOUR).await;
        host.restart();
        sim.sleep(HOUR).await;
        host.power_off();
        sim.sleep(HOUR).await;
        assert_eq!(sim.tally().tasks, 0);
        host.restart();
        sim.sleep(HOUR).await;
    });
    assert_eq!(lives.lock().unwrap().len(), 3);
    // What belongs to a former life is cancelled.
    assert!(sim.run(before.spawn(async {})).is_err());
}

#[test]
fn a_paused_host_stands_still() {
    let sim = Sim::new(Config::new());
    let host = sim.host("a");
    let runtime = host.runtime();
    let task = runtime.spawn({
        let runtime = runtime.clone();
        async move {
            runtime.timer(runtime.now() + Duration::from_secs(1)).await;
            runtime.now()
        }
    });
    let start = runtime.now();
    sim.run(async {
        sim.sleep(NANO).await;
        host.pause();
        sim.sleep(HOUR).await;
        host.resume();
    });
    assert_eq!(sim.run(task).unwrap(), start + HOUR + NANO);
}

#[test]
fn the_date_can_be_moved_and_deadlines_stay() {
    let sim = Sim::new(Config::new());
    let host = sim.host("a");
    let runtime = host.runtime();
    sim.run(async {
        let date = runtime.system_time();
        let timer = runtime.timer(runtime.now() + HOUR);
        host.step_clock(-5_000_000_000);
        timer.await;
        assert_eq!(runtime.system_time(), date + HOUR - Duration::from_secs(5));
        assert_eq!(sim.elapsed(), HOUR);
    });
}

#[test]
fn an_unknown_host_is_named() {
    let sim = Sim::new(Config::new());
    drop(sim.host("server"));
    let error = sim.find_host("sever").unwrap_err();
    assert_eq!(error.to_string(), r#"there is no host "sever" among ["server"]"#);
    let error = sim.host_with("server", HostOptions::new()).unwrap_err().to_string();
    assert!(error.contains(r#""server""#), "{error}");
    let error = sim
        .host_with("b", HostOptions::new().send_buffer(0))
        .unwrap_err()
        .to_string();
    assert!(error.contains("send buffer is 0"), "{error}");
}

#[test]
fn a_detached_task_that_holds_the_world_ends_with_it() {
    let sim = Sim::new(Config::new());
    let runtime = sim.host("a").runtime();
    let witness = Arc::new(());
    let held = (Arc::clone(&witness), sim.clone(), runtime.clone());
    runtime
        .spawn(async move {
            pending::<()>().await;
            drop(held);
        })
        .detach();
    drop(sim);
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[test]
fn pinned_polls_are_ready_once() {
    let sim = Sim::new(Config::new());
    assert_eq!(sim.run(poll_fn(|_| Poll::Ready(7))), 7);
}
