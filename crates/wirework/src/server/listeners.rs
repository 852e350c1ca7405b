//! One listener, or several that serve the same; and what is done to their connections before they are served.

use crate::Listener;
use crate::upgrade::{AsAccepted, Upgrade, Upgraded};

/// What a listener of `L` accepts.
pub(super) type Accepted<L> = <<L as Listeners>::Listener as Listener>::Connection;

/// What is served of it.
pub(super) type Served<L> = <<L as Listeners>::Upgrade as Upgrade<Accepted<L>>>::Connection;

/// What a server accepts from: a [`Listener`], or a `Vec` of them with an acceptor each, and perhaps an
/// [upgrade](Self::upgrade) of their connections.
///
/// Several pay where one acceptor is the limit: TCP listeners that share a port by
/// [`ListenOptions::reuse_port`](crate::socket::ListenOptions::reuse_port). All limits hold for all of them together.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a listener of wirework nor a `Vec` of them",
    label = "not `Listeners`",
    note = "listeners come from a network, `network.listen_tcp(addr)`, and in tests from `memory::listener`"
)]
pub trait Listeners: Sized {
    /// What accepts.
    type Listener: Listener;
    /// What is done to what was accepted.
    type Upgrade: Upgrade<<Self::Listener as Listener>::Connection>;

    /// All of them, and what is done to their connections.
    fn into_parts(self) -> (Vec<Self::Listener>, Self::Upgrade);

    /// Has their connections go through `upgrade` before they are served: [`ProxyProtocol`](crate::ProxyProtocol), TLS, a
    /// function. Several are gone through in the order in which they are given.
    fn upgrade<U>(self, upgrade: U) -> Upgraded<Self, U>
    where
        U: Upgrade<<Self::Upgrade as Upgrade<<Self::Listener as Listener>::Connection>>::Connection>,
    {
        Upgraded::new(self, upgrade)
    }
}

impl<L: Listener> Listeners for L {
    type Listener = L;
    type Upgrade = AsAccepted;

    fn into_parts(self) -> (Vec<L>, AsAccepted) {
        (vec![self], AsAccepted)
    }
}

impl<L: Listener> Listeners for Vec<L> {
    type Listener = L;
    type Upgrade = AsAccepted;

    fn into_parts(self) -> (Vec<L>, AsAccepted) {
        (self, AsAccepted)
    }
}
