//! One of the places that a pool has for connections, while no connection is in it.

use std::sync::Arc;

use super::shelf::Shelf;
use super::{PoolSource, Shared};

/// The right to make a connection; dropped without one, the right goes to the next in line.
pub(super) struct Place<S: PoolSource> {
    shared: Option<Arc<Shared<S>>>,
}

impl<S: PoolSource> Place<S> {
    pub(super) fn new(shared: &Arc<Shared<S>>) -> Self {
        Self {
            shared: Some(Arc::clone(shared)),
        }
    }

    /// The connection has been made, and has the place from now on.
    pub(super) fn keep(mut self) {
        self.shared = None;
    }
}

impl<S: PoolSource> Drop for Place<S> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.shelf(Shelf::free_place);
        }
    }
}
