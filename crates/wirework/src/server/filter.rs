//! Who is let in, by address alone.

use std::fmt;
use std::sync::Arc;

use crate::Addr;

/// Decides by a peer's address whether its connection is served. Asked before a byte is read.
///
/// Implemented for functions and closures `Fn(&Addr) -> Result<(), &'static str>`, where the error says why not.
pub trait Filter: Send + Sync + 'static {
    /// Lets `peer` in, or not.
    ///
    /// # Errors
    /// Gives the reason for which it is refused, for the log and as a label in metrics; so there should be few of them.
    fn check(&self, peer: &Addr) -> Result<(), &'static str>;
}

impl<F> Filter for F
where
    F: Fn(&Addr) -> Result<(), &'static str> + Send + Sync + 'static,
{
    fn check(&self, peer: &Addr) -> Result<(), &'static str> {
        self(peer)
    }
}

/// A server's filter, if it has one.
#[derive(Clone, Default)]
pub(super) struct Gate(Option<Arc<dyn Filter>>);

impl Gate {
    pub(super) fn new(filter: impl Filter) -> Self {
        Self(Some(Arc::new(filter)))
    }

    pub(super) fn check(&self, peer: &Addr) -> Result<(), &'static str> {
        self.0.as_ref().map_or(Ok(()), |filter| filter.check(peer))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.0.is_some()).finish()
    }
}

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// There were as many connections as there may be.
    Full,
    /// Its client had as many connections as it may have.
    ClientFull,
    /// The [`Filter`] did not want it, or an [`Upgrade`](crate::Upgrade) did not for the peer's address.
    Filtered,
}

impl Refusal {
    /// How many kinds there are.
    pub(super) const COUNT: usize = 3;
}
