//! One listener, or several that serve the same.

use crate::Listener;

/// What a server accepts from: a [`Listener`], or a `Vec` of them with an acceptor each.
///
/// Several pay where one acceptor is the limit: TCP listeners that share a port by
/// [`ListenOptions::reuse_port`](crate::socket::ListenOptions::reuse_port). All limits hold for all of them together.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a listener of wirework nor a `Vec` of them",
    label = "not `Listeners`",
    note = "listeners come from a network, `network.listen_tcp(addr)`, and in tests from `memory::listener`"
)]
pub trait Listeners {
    /// What accepts.
    type Listener: Listener;

    /// All of them.
    fn into_vec(self) -> Vec<Self::Listener>;
}

impl<L: Listener> Listeners for L {
    type Listener = L;

    fn into_vec(self) -> Vec<L> {
        vec![self]
    }
}

impl<L: Listener> Listeners for Vec<L> {
    type Listener = L;

    fn into_vec(self) -> Vec<L> {
        self
    }
}
