//! An executor that something else has started; alone in its process, for there is one executor a process.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::io::ErrorKind;

use async_std::task;
use wirework::Runtime;
use wirework_async_std::AsyncStd;

#[test]
fn an_executor_that_runs_already_is_used_but_not_counted_on() {
    task::block_on(task::spawn(async {}));
    let error = AsyncStd::new(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("before anything else uses it"), "{error}");

    let global = AsyncStd::global();
    assert_eq!(global.block_on(global.spawn(async { 7 })).unwrap(), 7);
    let sum = wirework_async_std::run(|runtime| async move { runtime.spawn(async { 1 + 2 }).await });
    assert_eq!(sum.unwrap(), 3);
}
