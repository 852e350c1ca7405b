//! Functions that block run beside the runtime, not on it.

use std::panic::resume_unwind;
use std::sync::mpsc;

use wirework::{Runtime, Task, TaskError};

/// The function's value comes out of the handle.
pub async fn gives_its_result<R: Runtime>(rt: R) {
    let result = rt
        .blocking(|| 6 * 7)
        .await
        .expect("a blocking function must give its result");
    assert_eq!(result, 42, "the result is wrong");
}

/// A panic is an error that keeps its message, and the next function runs.
pub async fn a_panic_is_an_error<R: Runtime>(rt: R) {
    for _ in 0..20 {
        let task = rt.blocking(|| resume_unwind(Box::new("from a blocking function")));
        let error: TaskError = task.await.expect_err("a function that panics must give an error");
        assert_eq!(
            error.panic_message(),
            Some("from a blocking function"),
            "a panic must keep its message"
        );
    }
    assert_eq!(
        rt.blocking(|| 7)
            .await
            .expect("functions must run after others panicked"),
        7
    );
}

/// While functions block, tasks run: here the only ones that can unblock them.
pub async fn tasks_run_meanwhile<R: Runtime>(rt: R) {
    // More than a runtime is likely to have threads for tasks.
    let blocked: Vec<_> = (0..16)
        .map(|number| {
            let (sender, receiver) = mpsc::channel();
            let task = rt.blocking(move || receiver.recv().expect("a task sends to it"));
            (number, sender, task)
        })
        .collect();
    for (number, sender, task) in blocked {
        let sending = rt.spawn(async move { sender.send(number) });
        sending
            .await
            .expect("a task must run while functions block")
            .expect("the function waits for it");
        assert_eq!(
            task.await.expect("the function must not fail"),
            number,
            "the result is wrong"
        );
    }
}

/// A function that has started runs to its end though its handle is dropped.
pub async fn a_started_function_runs_to_its_end<R: Runtime>(rt: R) {
    let (started, start) = async_channel::bounded(1);
    let (go_on, waiting) = mpsc::channel();
    let (ended, end) = async_channel::bounded(1);
    let task = rt.blocking(move || {
        started.try_send(()).expect("there is room for one");
        waiting.recv().expect("the check sends to it");
        ended.try_send("ran to its end").expect("there is room for one");
    });
    start.recv().await.expect("a blocking function must start by itself");
    drop(task);
    go_on.send(()).expect("a function that has started must not be stopped");
    assert_eq!(
        end.recv()
            .await
            .expect("a function that has started must run to its end"),
        "ran to its end"
    );
}

/// A detached function runs without anyone waiting for it.
pub async fn detach_runs_on<R: Runtime>(rt: R) {
    let (ended, end) = async_channel::bounded(1);
    rt.blocking(move || ended.try_send(()).expect("there is room for one"))
        .detach();
    end.recv().await.expect("a detached function must run");
}

/// A blocking function can use the runtime it was started on.
pub async fn can_spawn_tasks<R: Runtime>(rt: R) {
    let inner = rt.clone();
    let task = rt.blocking(move || inner.spawn(async { 7 }));
    let task = task.await.expect("the function must not fail");
    assert_eq!(task.await.expect("a task spawned from a blocking function must run"), 7);
}
