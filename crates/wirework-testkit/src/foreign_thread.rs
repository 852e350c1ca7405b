//! A thread that belongs to no runtime.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use futures_lite::future::block_on;

/// Runs a future to its end on a new thread, with an executor that knows nothing of the runtime under test.
///
/// Asynchronous itself, so that the runtime's own thread goes on meanwhile. A panic there is passed on.
pub(crate) async fn on_foreign_thread<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (sender, receiver) = async_channel::bounded(1);
    thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| block_on(future)));
        // Nobody listens any more once the check has failed.
        sender.try_send(result).ok();
    });
    match receiver.recv().await.expect("the thread always reports") {
        Ok(output) => output,
        Err(panic) => resume_unwind(panic),
    }
}
