//! A listening socket of tokio's, and the runtime that its connections belong to.
//!
//! tokio would have them belong to whichever runtime polls the listener, and panic where none does.

use tokio::runtime::Handle;

use crate::Tokio;

/// A listener of `tokio::net`; see [`Tokio::adopt_listener`].
///
/// Known by its aliases, such as [`TcpListener`](crate::TcpListener).
#[derive(Debug)]
pub struct Listening<L> {
    inner: L,
    runtime: Handle,
}

impl<L> Listening<L> {
    /// tokio's listener, for its options.
    pub fn get_ref(&self) -> &L {
        &self.inner
    }

    /// Calls `poll` in the context of the runtime.
    pub(crate) fn entered<R>(&self, poll: impl FnOnce(&L) -> R) -> R {
        let _entered = self.runtime.enter();
        poll(&self.inner)
    }
}

impl Tokio {
    /// Takes over a listener of `tokio::net` as it is. Its connections belong to this runtime.
    #[must_use]
    pub fn adopt_listener<L>(&self, listener: L) -> Listening<L> {
        Listening {
            inner: listener,
            runtime: self.handle().clone(),
        }
    }
}
