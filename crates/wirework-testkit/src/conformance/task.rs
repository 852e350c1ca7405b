//! Tasks: their results, their panics, and what dropping their handle means.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future::{pending, yield_now};
use wirework::{Runtime, Task, TaskError};

use crate::pause::pause;

/// A task's result comes out of its handle.
pub async fn gives_its_result<R: Runtime>(rt: R) {
    let task = rt.spawn(async {
        yield_now().await;
        String::from("result")
    });
    let result = task.await.expect("a task that ends must give its result");
    assert_eq!(result, "result", "the result is wrong");
}

/// The result waits for whoever asks late.
pub async fn keeps_its_result<R: Runtime>(rt: R) {
    let (sender, ended) = async_channel::bounded(1);
    let task = rt.spawn(async move {
        sender.send(()).await.expect("the check waits for it");
        7
    });
    ended.recv().await.expect("a task must run without being waited for");
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(
        task.await.expect("a task that ended must give its result"),
        7,
        "the result is wrong"
    );
}

/// A panic is an error of the task that keeps its message, whatever its type.
pub async fn a_panic_is_an_error<R: Runtime>(rt: R) {
    for (payload, message) in [
        (Payload::Str, Some("as a str")),
        (Payload::String, Some("as a String")),
        (Payload::Other, None),
    ] {
        let task = rt.spawn(async move {
            yield_now().await;
            payload.panic();
        });
        let error = task.await.expect_err("a task that panics must give an error");
        assert_panicked(&error, message);
    }
}

/// A runtime survives any number of panics: all its threads go on.
pub async fn the_runtime_survives_panics<R: Runtime>(rt: R) {
    let panicking: Vec<_> = (0..100).map(|_| rt.spawn(async { Payload::Str.panic() })).collect();
    for task in panicking {
        let error = task.await.expect_err("a task that panics must give an error");
        assert_panicked(&error, Some("as a str"));
    }
    // Panics that nobody hears of.
    for _ in 0..100 {
        rt.spawn(async { Payload::Str.panic() }).detach();
    }
    for number in 0..100 {
        let result = rt
            .spawn(async move { number })
            .await
            .expect("tasks must run after others panicked");
        assert_eq!(result, number, "the result is wrong");
    }
}

/// Dropping the handle of a task that waits drops its future.
pub async fn drop_cancels_a_waiting_task<R: Runtime>(rt: R) {
    let (guard, dropped) = guard();
    let (started, start) = async_channel::bounded(1);
    let task = rt.spawn(async move {
        let _guard = guard;
        started.send(()).await.expect("the check waits for it");
        pending::<()>().await;
    });
    start.recv().await.expect("a task must start by itself");
    drop(task);
    assert_dropped(&dropped).await;
}

/// Dropping the handle of a task that is always ready to go on stops it.
pub async fn drop_cancels_a_busy_task<R: Runtime>(rt: R) {
    let (guard, dropped) = guard();
    let (started, start) = async_channel::bounded(1);
    let task = rt.spawn(async move {
        let _guard = guard;
        loop {
            started.try_send(()).ok();
            yield_now().await;
        }
    });
    start.recv().await.expect("a task must start by itself");
    drop(task);
    assert_dropped(&dropped).await;
}

/// Dropping the handle of a task that waits for a timer does not wait for the timer.
pub async fn drop_cancels_a_sleeping_task<R: Runtime>(rt: R) {
    let (guard, dropped) = guard();
    let (started, start) = async_channel::bounded(1);
    let task_rt = rt.clone();
    let task = rt.spawn(async move {
        let _guard = guard;
        started.send(()).await.expect("the check waits for it");
        pause(&task_rt, Duration::from_hours(1)).await;
    });
    start.recv().await.expect("a task must start by itself");
    drop(task);
    assert_dropped(&dropped).await;
}

/// Dropping the handle at once drops the future too, though it may never have been polled.
pub async fn drop_cancels_a_new_task<R: Runtime>(rt: R) {
    for _ in 0..100 {
        let (guard, dropped) = guard();
        drop(rt.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        assert_dropped(&dropped).await;
    }
}

/// A cancelled task does nothing more, though what it waited for comes.
pub async fn a_cancelled_task_does_nothing_more<R: Runtime>(rt: R) {
    let (sender, receiver) = async_channel::bounded(1);
    let (started, start) = async_channel::bounded(1);
    let went_on = Arc::new(AtomicBool::new(false));
    let task = rt.spawn({
        let went_on = Arc::clone(&went_on);
        async move {
            let mut received = pin!(receiver.recv());
            // It says so only when it waits: a poll that is under way cannot be cancelled.
            let waited = poll_fn(|cx| {
                let received = received.as_mut().poll(cx);
                if received.is_pending() {
                    started.try_send(()).ok();
                }
                received
            });
            waited.await.expect("the check sends to it");
            went_on.store(true, Ordering::SeqCst);
        }
    });
    start.recv().await.expect("a task must start by itself");
    drop(task);
    // Until the task has dropped its end.
    while sender.send(()).await.is_ok() {}
    assert!(!went_on.load(Ordering::SeqCst), "a cancelled task must not go on");
}

/// A panic while a cancelled future is dropped ends there.
pub async fn a_panic_while_cancelled_harms_nobody<R: Runtime>(rt: R) {
    struct PanicsWhenDropped(Guard);

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            self.0.0.try_send(()).ok();
            Payload::Str.panic();
        }
    }

    for _ in 0..10 {
        let (guard, dropped) = guard();
        let (started, start) = async_channel::bounded(1);
        let bomb = PanicsWhenDropped(guard);
        let task = rt.spawn(async move {
            let _bomb = bomb;
            started.send(()).await.expect("the check waits for it");
            pending::<()>().await;
        });
        start.recv().await.expect("a task must start by itself");
        drop(task);
        assert_dropped(&dropped).await;
    }
    assert_eq!(
        rt.spawn(async { 7 })
            .await
            .expect("tasks must run after others panicked"),
        7
    );
}

/// A detached task runs to its end.
pub async fn detach_runs_on<R: Runtime>(rt: R) {
    let (sender, ended) = async_channel::bounded(1);
    let task_rt = rt.clone();
    let task = rt.spawn(async move {
        for _ in 0..10 {
            yield_now().await;
        }
        pause(&task_rt, Duration::from_millis(1)).await;
        sender.send("ran on").await.expect("the check waits for it");
    });
    task.detach();
    assert_eq!(
        ended.recv().await.expect("a detached task must run to its end"),
        "ran on"
    );
}

/// Tasks spawn tasks, 100 deep.
pub async fn nests<R: Runtime>(rt: R) {
    fn descend<R: Runtime>(rt: &R, depth: u32) -> R::Task<u32> {
        let inner = rt.clone();
        rt.spawn(async move {
            if depth == 0 {
                return 0;
            }
            1 + descend(&inner, depth - 1).await.expect("an inner task must not fail")
        })
    }
    let depth = descend(&rt, 100).await.expect("the outer task must not fail");
    assert_eq!(depth, 100, "each task must run once");
}

/// A handle can be waited for by another task.
pub async fn a_handle_can_be_given_away<R: Runtime>(rt: R) {
    let (sender, receiver) = async_channel::bounded(1);
    let inner = rt.spawn(async move { receiver.recv().await.expect("the check sends to it") });
    let outer = rt.spawn(inner);
    yield_now().await;
    sender.send("passed on").await.expect("the inner task waits for it");
    let result = outer
        .await
        .expect("the outer task must not fail")
        .expect("the inner task must not fail");
    assert_eq!(result, "passed on");
}

/// 10,000 tasks, each of which waits for the one before.
pub async fn ten_thousand<R: Runtime>(rt: R) {
    let (first, mut previous) = async_channel::bounded(1);
    for _ in 0..10_000 {
        let (sender, next) = async_channel::bounded(1);
        let received = std::mem::replace(&mut previous, next);
        rt.spawn(async move {
            let count: u32 = received.recv().await.expect("the task before must not fail");
            sender.send(count + 1).await.expect("the task after waits for it");
        })
        .detach();
    }
    first.send(0).await.expect("the first task waits for it");
    let count = previous.recv().await.expect("every task must run");
    assert_eq!(count, 10_000, "every task must run once");
}

/// A task that is always ready to go on does not keep others from running.
pub async fn a_busy_task_starves_nobody<R: Runtime>(rt: R) {
    // More than a machine is likely to have cores.
    let busy: Vec<_> = (0..64)
        .map(|_| {
            rt.spawn(async {
                loop {
                    yield_now().await;
                }
            })
        })
        .collect();
    let (question, questions) = async_channel::bounded(1);
    let (answer, answers) = async_channel::bounded(1);
    let answering = rt.spawn(async move {
        while let Ok(number) = questions.recv().await {
            answer.send(number).await.expect("the check waits for it");
        }
    });
    for number in 0..100 {
        question
            .send(number)
            .await
            .expect("the answering task must run beside busy ones");
        let answered: i32 = answers
            .recv()
            .await
            .expect("the answering task must run beside busy ones");
        assert_eq!(answered, number, "the answer is wrong");
    }
    drop(question);
    answering.await.expect("the answering task must not fail");
    drop(busy);
}

/// How a task may panic. Without the panic hook, which would print a backtrace of what is meant to be.
#[derive(Clone, Copy)]
enum Payload {
    Str,
    String,
    Other,
}

impl Payload {
    fn panic(self) {
        resume_unwind(match self {
            Self::Str => Box::new("as a str"),
            Self::String => Box::new(String::from("as a String")),
            Self::Other => Box::new(7),
        })
    }
}

/// Tells when it is dropped.
struct Guard(Sender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        // Closed too, by dropping the sender; the message says which of the two was meant.
        self.0.try_send(()).ok();
    }
}

fn guard() -> (Guard, Receiver<()>) {
    let (sender, dropped) = async_channel::bounded(1);
    (Guard(sender), dropped)
}

async fn assert_dropped(dropped: &Receiver<()>) {
    dropped
        .recv()
        .await
        .expect("a task whose handle is dropped must be cancelled, and its future dropped");
}

fn assert_panicked(error: &TaskError, message: Option<&str>) {
    assert!(
        matches!(error, TaskError::Panicked(_)),
        "a panic must be an error of that kind: {error:?}"
    );
    assert_eq!(error.panic_message(), message, "a panic must keep its message");
}
