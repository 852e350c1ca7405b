//! Listeners that may lose what they accept.

use std::fs;
use std::io;
use std::task::{Context, Poll, Waker, ready};

use wirework::{Addr, Connection};

use super::Fault;
use super::stream::Stream;
use super::waking::wake_other;

#[derive(Debug)]
pub(crate) struct Listener<L: wirework::Listener> {
    fault: Fault,
    inner: L,
    last_waker: Option<Waker>,
    accepted: usize,
}

impl<L: wirework::Listener> Listener<L> {
    pub(crate) fn new(fault: Fault, inner: L) -> Self {
        Self {
            fault,
            inner,
            last_waker: None,
            accepted: 0,
        }
    }
}

impl<L: wirework::Listener> wirework::Listener for Listener<L>
where
    L::Connection: Connection,
{
    type Connection = Stream<L::Connection>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Connection>> {
        if self.fault == Fault::AcceptorsWakeEachOther {
            wake_other(&mut self.last_waker, cx);
        }
        let stream = ready!(self.inner.poll_accept(cx))?;
        self.accepted += 1;
        if self.fault == Fault::AcceptLoses && self.accepted.is_multiple_of(3) {
            drop(stream);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(Stream::new(self.fault, stream)))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        match self.inner.local_addr()? {
            Addr::Ip(mut addr) if self.fault == Fault::PortIsZero => {
                addr.set_port(0);
                Ok(addr.into())
            }
            addr => Ok(addr),
        }
    }
}

impl<L: wirework::Listener> Drop for Listener<L> {
    fn drop(&mut self) {
        if self.fault == Fault::PathIsRemoved
            && let Some(path) = self.inner.local_addr().ok().as_ref().and_then(Addr::path)
        {
            fs::remove_file(path).ok();
        }
    }
}
