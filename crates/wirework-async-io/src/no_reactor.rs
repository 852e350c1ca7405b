//! In place of the reactor where there is none: every socket is watched by async-io.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use wirework::socket::AsSocket;

use crate::interest::{Interest, Seen};

#[derive(Debug)]
pub(crate) struct Reactor(Infallible);

impl Reactor {
    pub(crate) fn get() -> Option<&'static Self> {
        None
    }

    pub(crate) fn register<T: AsSocket>(&'static self, _: T) -> io::Result<Registered<T>> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Registered<T>(Infallible, PhantomData<T>);

impl<T: AsSocket> Registered<T> {
    pub(crate) fn get_ref(&self) -> &T {
        match self.0 {}
    }

    pub(crate) fn poll_ready(&self, _: Interest, _: &mut Context<'_>) -> Poll<Seen> {
        match self.0 {}
    }

    pub(crate) fn used_up(&self, _: Interest, _: Seen) {
        match self.0 {}
    }

    pub(crate) fn would_block(&self, _: Interest, _: Seen) {
        match self.0 {}
    }
}
