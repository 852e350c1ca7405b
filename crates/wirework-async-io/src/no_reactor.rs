//! In place of the reactor where there is none: every socket is watched by async-io.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll, Waker};

use wirework::socket::AsSocket;

use crate::interest::Interest;

#[derive(Debug)]
pub(crate) struct Reactor(Infallible);

impl Reactor {
    pub(crate) fn get() -> Option<&'static Self> {
        None
    }

    pub(crate) fn join(&'static self) -> Member {
        match self.0 {}
    }

    pub(crate) fn claim(&'static self) -> Option<Claim> {
        match self.0 {}
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

    pub(crate) fn poll_readable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    pub(crate) fn poll_attempt<R>(
        &self,
        _: Interest,
        _: &mut Context<'_>,
        _: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match self.0 {}
    }

    pub(crate) fn poll_transfer(
        &self,
        _: Interest,
        _: &mut Context<'_>,
        _: usize,
        _: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Member(Infallible);

impl Member {
    pub(crate) fn waker(&self) -> Waker {
        match self.0 {}
    }

    pub(crate) fn wait(&mut self) {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Claim(Infallible);

impl Claim {
    pub(crate) fn poll(&mut self, _: &Waker) {
        match self.0 {}
    }
}
