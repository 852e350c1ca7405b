//! Upgrades one after the other, and listeners with them.

use std::error::Error;

use super::{Admission, Upgrade};
use crate::{Addr, Context, Listener, Listeners};

/// No upgrade: connections are served as they were accepted.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsAccepted;

/// One upgrade after another; see [`Listeners::upgrade`].
#[derive(Debug, Clone)]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A, B, C> Upgrade<C> for Then<A, B>
where
    C: Send + 'static,
    A: Upgrade<C>,
    B: Upgrade<A::Connection>,
{
    type Connection = B::Connection;
    type Error = Box<dyn Error + Send + Sync>;

    fn admit(&self, peer: &Addr) -> Admission {
        self.first.admit(peer).and(|| self.second.admit(peer))
    }

    async fn upgrade(&self, connection: C, cx: Context) -> Result<B::Connection, Self::Error> {
        let connection = self.first.upgrade(connection, cx.clone()).await.map_err(Into::into)?;
        self.second.upgrade(connection, cx).await.map_err(Into::into)
    }
}

/// Listeners whose connections are upgraded; from [`Listeners::upgrade`].
#[derive(Debug)]
pub struct Upgraded<L, U> {
    listeners: L,
    upgrade: U,
}

impl<L, U> Upgraded<L, U> {
    pub(crate) fn new(listeners: L, upgrade: U) -> Self {
        Self { listeners, upgrade }
    }
}

impl<L, U> Listeners for Upgraded<L, U>
where
    L: Listeners,
    U: Upgrade<<L::Upgrade as Upgrade<<L::Listener as Listener>::Connection>>::Connection>,
{
    type Listener = L::Listener;
    type Upgrade = Then<L::Upgrade, U>;

    fn into_parts(self) -> (Vec<L::Listener>, Self::Upgrade) {
        let (listeners, first) = self.listeners.into_parts();
        let second = self.upgrade;
        (listeners, Then { first, second })
    }
}
