//! Timers: never early, movable, and cheap to have many of.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_lite::future::{or, poll_once};
use wirework::{Runtime, Timer};

use crate::pause::pause;
use crate::wake_counter::WakeCounter;

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_hours(1);

/// A timer does not complete before its deadline, on the runtime's own clock, however near that is.
pub async fn never_early<R: Runtime>(rt: R) {
    for microseconds in [1, 50, 500, 999, 1000, 1001, 1500, 2500, 5000, 10_000, 20_300] {
        let deadline = rt.now() + Duration::from_micros(microseconds);
        rt.timer(deadline).await;
        assert_not_early(&rt, deadline);
    }
}

/// Whatever the order in which they were made, timers complete in the order of their deadlines.
pub async fn in_the_order_of_their_deadlines<R: Runtime>(rt: R) {
    let start = rt.now();
    let mut timers: Vec<_> = [30, 10, 50, 20, 40]
        .map(|milliseconds| (milliseconds, Box::pin(rt.timer(start + milliseconds * MILLISECOND))))
        .into();
    // The last is polled first: when a timer is complete, those that are due before it must be, too.
    timers.sort_by_key(|(milliseconds, _)| std::cmp::Reverse(*milliseconds));
    while !timers.is_empty() {
        let first_ready = std::future::poll_fn(|cx| {
            let ready: Vec<_> = timers
                .iter_mut()
                .map(|(_, timer)| timer.as_mut().poll(cx).is_ready())
                .collect();
            assert!(
                ready.is_sorted(),
                "a timer must not complete before one that is due earlier: {ready:?}"
            );
            ready
                .into_iter()
                .position(|ready| ready)
                .map_or(Poll::Pending, Poll::Ready)
        });
        let first_ready = first_ready.await;
        timers.truncate(first_ready);
    }
}

/// Moved to an earlier time while it is waited for, a timer completes then.
pub async fn reset_to_earlier<R: Runtime>(rt: R) {
    let mut timer = pin!(rt.timer(rt.now() + HOUR));
    assert_pending(timer.as_mut()).await;
    let deadline = rt.now() + 5 * MILLISECOND;
    timer.as_mut().reset(deadline);
    timer.await;
    assert_not_early(&rt, deadline);
}

/// Moved to a later time while it is waited for, a timer does not complete at the old one.
pub async fn reset_to_later<R: Runtime>(rt: R) {
    let mut timer = pin!(rt.timer(rt.now() + 5 * MILLISECOND));
    let _ = poll_once(timer.as_mut()).await;
    for milliseconds in [10, 30, 60] {
        let deadline = rt.now() + milliseconds * MILLISECOND;
        timer.as_mut().reset(deadline);
        if milliseconds == 30 {
            continue; // Moved twice without being polled between.
        }
        timer.as_mut().await;
        assert_not_early(&rt, deadline);
    }
}

/// Moved after it completed, a timer waits anew.
pub async fn reset_after_completion<R: Runtime>(rt: R) {
    let mut timer = pin!(rt.timer(rt.now() + MILLISECOND));
    timer.as_mut().await;
    for _ in 0..3 {
        timer.as_mut().reset(rt.now() + HOUR);
        assert_pending(timer.as_mut()).await;
        let deadline = rt.now() + 2 * MILLISECOND;
        timer.as_mut().reset(deadline);
        timer.as_mut().await;
        assert_not_early(&rt, deadline);
    }
}

/// Moved before it was ever polled, a timer knows the new deadline only.
pub async fn reset_before_the_first_poll<R: Runtime>(rt: R) {
    let mut timer = pin!(rt.timer(rt.now() + HOUR));
    let deadline = rt.now() + MILLISECOND;
    timer.as_mut().reset(deadline);
    timer.await;
    assert_not_early(&rt, deadline);
    let mut timer = pin!(rt.timer(rt.now() + MILLISECOND));
    timer.as_mut().reset(rt.now() + HOUR);
    pause(&rt, 10 * MILLISECOND).await;
    assert_pending(timer).await;
}

/// Moved into the past, a timer completes at once.
pub async fn reset_to_the_past<R: Runtime>(rt: R) {
    let past = rt.now();
    pause(&rt, 5 * MILLISECOND).await;
    let mut timer = pin!(rt.timer(rt.now() + HOUR));
    assert_pending(timer.as_mut()).await;
    timer.as_mut().reset(past);
    assert_complete_at_once(timer).await;
}

/// A deadline in the past is complete at once.
pub async fn the_past_is_complete_at_once<R: Runtime>(rt: R) {
    let past = rt.now();
    pause(&rt, 5 * MILLISECOND).await;
    assert_complete_at_once(pin!(rt.timer(past))).await;
    rt.timer(rt.now()).await;
}

/// A complete timer stays complete, however often it is polled.
pub async fn complete_stays_complete<R: Runtime>(rt: R) {
    let mut timer = pin!(rt.timer(rt.now() + MILLISECOND));
    timer.as_mut().await;
    for _ in 0..3 {
        assert_complete_at_once(timer.as_mut()).await;
    }
}

/// A dropped timer wakes nobody.
pub async fn a_dropped_timer_wakes_nobody<R: Runtime>(rt: R) {
    loop {
        let task = WakeCounter::new();
        let deadline = rt.now() + 20 * MILLISECOND;
        let mut timer = Box::pin(rt.timer(deadline));
        let polled = task.poll(|cx| timer.as_mut().poll(cx));
        drop(timer);
        let wakes = task.wakes();
        // This thread may have been held up until the timer was due, which then had every right to wake.
        if polled.is_ready() || rt.now() >= deadline {
            continue;
        }
        pause(&rt, 40 * MILLISECOND).await;
        assert_eq!(task.wakes(), wakes, "a dropped timer must wake nobody");
        break;
    }
}

/// The waker of the last poll is woken, so that a timer can go from task to task.
pub async fn the_last_task_is_woken<R: Runtime>(rt: R) {
    let (first, last) = (WakeCounter::new(), WakeCounter::new());
    let mut timer = pin!(rt.timer(rt.now() + 20 * MILLISECOND));
    let mut complete = false;
    for task in [&first, &last] {
        complete = task.poll(|cx| timer.as_mut().poll(cx)).is_ready();
    }
    // Unless this thread was held up until the timer was due.
    if !complete {
        last.woken().await;
    }
    timer.await;
}

/// A deadline decades away, or as far as the clock goes, neither fails nor completes, and can be moved to a near one.
pub async fn the_far_future_is_no_problem<R: Runtime>(rt: R) {
    let now = rt.now();
    let years = Duration::from_hours(30 * 365 * 24);
    for deadline in [now + years, farthest(now)] {
        let mut timer = pin!(rt.timer(deadline));
        assert_pending(timer.as_mut()).await;
        // The runtime's other timers go on beside it.
        pause(&rt, 2 * MILLISECOND).await;
        assert_pending(timer.as_mut()).await;
        let near = rt.now() + MILLISECOND;
        timer.as_mut().reset(near);
        timer.as_mut().await;
        assert_not_early(&rt, near);
        timer.as_mut().reset(deadline);
        assert_pending(timer).await;
    }
}

/// 10,000 timers at once, none of them early or lost.
pub async fn ten_thousand<R: Runtime>(rt: R) {
    let start = rt.now();
    let tasks: Vec<_> = (0..10_000)
        .map(|number| {
            let task_rt = rt.clone();
            // Spread over 50 ms, out of order.
            let deadline = start + Duration::from_micros(number * 7919 % 50_000);
            rt.spawn(async move {
                task_rt.timer(deadline).await;
                assert_not_early(&task_rt, deadline);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no timer may be early");
    }
}

/// Many timers with the same deadline are many timers.
pub async fn the_same_deadline_many_times<R: Runtime>(rt: R) {
    let deadline = rt.now() + 10 * MILLISECOND;
    let tasks: Vec<_> = (0..1000).map(|_| rt.spawn(rt.timer(deadline))).collect();
    for task in tasks {
        task.await.expect("a timer must not fail");
    }
    assert_not_early(&rt, deadline);
}

/// Of two timers waited for together the nearer one decides.
pub async fn the_nearer_one_wins<R: Runtime>(rt: R) {
    let near = async {
        pause(&rt, MILLISECOND).await;
        "near"
    };
    let far = async {
        pause(&rt, HOUR).await;
        "far"
    };
    assert_eq!(or(far, near).await, "near", "the nearer deadline must decide");
}

fn assert_not_early<R: Runtime>(rt: &R, deadline: Instant) {
    let now = rt.now();
    assert!(
        now >= deadline,
        "a timer must not complete before its deadline; it was {:?} early",
        deadline - now
    );
}

async fn assert_pending<T: Timer>(timer: std::pin::Pin<&mut T>) {
    assert!(poll_once(timer).await.is_none(), "a timer must wait for its deadline");
}

async fn assert_complete_at_once<T: Timer>(timer: std::pin::Pin<&mut T>) {
    assert!(
        poll_once(timer).await.is_some(),
        "a timer must be complete once its deadline has passed"
    );
}

/// Nearly the last instant that the clock can express: 2 seconds are left for whoever rounds up.
fn farthest(now: Instant) -> Instant {
    let mut farthest = now;
    for bit in (1..64).rev() {
        if let Some(later) = farthest.checked_add(Duration::from_secs(1 << bit)) {
            farthest = later;
        }
    }
    farthest
}
