//! Waiting in line.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::shelf::{Grant, Shelf};
use super::{PoolError, PoolSource, Shared};

/// A place in line, given up when dropped.
pub(super) struct Turn<'a, S: PoolSource> {
    shared: &'a Arc<Shared<S>>,
    ticket: Option<u64>,
}

impl<'a, S: PoolSource> Turn<'a, S> {
    pub(super) fn new(shared: &'a Arc<Shared<S>>, ticket: u64) -> Self {
        Self {
            shared,
            ticket: Some(ticket),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Grant<S::Item>, PoolError>> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(Err(PoolError::Closed));
        };
        let polled = self.shared.shelf(|shelf| shelf.poll(ticket, cx));
        if polled.is_ready() {
            self.ticket = None;
        }
        polled.map(|grant| grant.ok_or(PoolError::Closed))
    }
}

impl<S: PoolSource> Drop for Turn<'_, S> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let grant = self.shared.shelf(|shelf| shelf.leave(ticket));
        match grant {
            Some(Grant::Entry(entry)) => self.shared.give_back(entry),
            Some(Grant::Place) => self.shared.shelf(Shelf::free_place),
            None => {}
        }
    }
}
