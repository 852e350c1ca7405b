//! The task that keeps a connection: makes one, waits until it is lost, and begins again.

use std::io;
use std::sync::Arc;

use super::circuit::Line;
use super::{Backoff, Circuit, ReconnectOptions};
use crate::time::{after, timeout};
use crate::{Client, Context, Runtime};

pub(super) struct Supervisor<Q, A> {
    pub(super) line: Arc<Line<Q, A>>,
    pub(super) runtime: Context,
    pub(super) options: ReconnectOptions,
}

impl<Q, A> Supervisor<Q, A> {
    pub(super) async fn run<F, Fut>(self, connect: F)
    where
        F: Fn() -> Fut,
        Fut: Future<Output = io::Result<Client<Q, A>>>,
    {
        let mut backoff = Backoff::new(self.options.base, self.options.cap);
        loop {
            let failures = backoff.failures();
            self.line.enter(Circuit::Connecting { failures }, None);
            self.keep(connect(), &mut backoff).await;
            let delay = backoff.fail(self.runtime.random_u64());
            let until = after(self.runtime.now(), delay);
            let failures = backoff.failures();
            self.line.enter(Circuit::Waiting { failures, until }, None);
            // Until the time that was told, however late this comes to it.
            self.runtime.timer(until).await;
        }
    }

    /// Makes one connection and waits until it is lost.
    async fn keep(&self, connect: impl Future<Output = io::Result<Client<Q, A>>>, backoff: &mut Backoff) {
        let connected = timeout(&self.runtime, self.options.connect_timeout, connect).await;
        let client = match connected.map_err(io::Error::from).flatten() {
            Ok(client) => client,
            Err(error) => return self.line.fail(Arc::new(error)),
        };
        let since = self.runtime.now();
        self.line.enter(Circuit::Connected, Some(client.clone()));
        self.line.fail(client.closed().await);
        // One that was lost sooner than it could have been made again was none: a server that accepts and hangs up is not to
        // be hammered.
        if self.runtime.now() - since >= backoff.ceiling() {
            backoff.succeed();
        }
    }
}

impl<Q, A> Drop for Supervisor<Q, A> {
    fn drop(&mut self) {
        // The client is gone, or the runtime is, or `connect` has panicked: calls must not wait for ever.
        self.line.enter(Circuit::Closed, None);
    }
}
