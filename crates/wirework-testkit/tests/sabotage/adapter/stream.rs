//! Connections with a fault.

use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_lite::{AsyncRead, AsyncWrite};
use wirework::{Addr, Connection, Split};

use super::Fault;
use super::halves::{self, ReadHalf, WriteHalf};
use super::waking::{SharedWaker, wake_other};

/// Where the system stops gathering.
const MOST_PIECES: usize = 1024;

#[derive(Debug)]
pub(crate) struct Stream<S: Connection> {
    fault: Fault,
    /// There until it is dropped.
    inner: Option<S>,
    closed: bool,
    error_seen: bool,
    /// Accepted, but not yet written.
    held: Vec<u8>,
    peeked: Vec<u8>,
    last_reader: Option<Waker>,
    first_reader: Option<Waker>,
    shared: Arc<SharedWaker>,
}

impl<S: Connection> Stream<S> {
    pub(crate) fn new(fault: Fault, inner: S) -> Self {
        Self {
            fault,
            inner: Some(inner),
            closed: false,
            error_seen: false,
            held: Vec::new(),
            peeked: Vec::new(),
            last_reader: None,
            first_reader: None,
            shared: Arc::default(),
        }
    }

    pub(crate) fn fault(&self) -> Fault {
        self.fault
    }

    fn inner(&mut self) -> Pin<&mut S> {
        Pin::new(self.inner.as_mut().expect("it is there until it is dropped"))
    }

    fn inner_ref(&self) -> &S {
        self.inner.as_ref().expect("it is there until it is dropped")
    }

    /// The waker that a read leaves.
    fn read_waker(&mut self, cx: &mut Context<'_>) -> Waker {
        match self.fault {
            Fault::ReadersWakeEachOther => wake_other(&mut self.last_reader, cx),
            Fault::FirstWakerStays => return self.first_reader.get_or_insert_with(|| cx.waker().clone()).clone(),
            Fault::DirectionsShareAWaker => return self.shared.leave(cx),
            _ => {}
        }
        cx.waker().clone()
    }

    fn poll_read_inner(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.peeked.is_empty() {
            let length = self.peeked.len().min(buf.len());
            buf[..length].copy_from_slice(&self.peeked[..length]);
            self.peeked.drain(..length);
            return Poll::Ready(Ok(length));
        }
        let waker = self.read_waker(cx);
        self.inner().poll_read(&mut Context::from_waker(&waker), buf)
    }

    /// What a reader is told.
    fn twist(&mut self, cx: &mut Context<'_>, room: usize, read: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match (self.fault, read) {
            (Fault::ResetIsTheEnd, Poll::Ready(Err(_))) => Poll::Ready(Ok(0)),
            (Fault::EndIsAReset, Poll::Ready(Ok(0))) if room > 0 => Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
            (Fault::ReadableTakesTheError, Poll::Ready(Err(_))) if self.error_seen => Poll::Ready(Ok(0)),
            (Fault::ReaderIsBusy, Poll::Pending) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (_, read) => read,
        }
    }

    /// Writes what is held.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let held = mem::take(&mut self.held);
            let written = self.inner().poll_write(cx, &held);
            self.held = held;
            let written = ready!(written)?;
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Connection> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.fault == Fault::ResetDiscards && self.inner_ref().peer_addr().is_err() {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let read = self.poll_read_inner(cx, buf);
        if self.fault == Fault::PendingReadHappens && matches!(read, Poll::Ready(Ok(1))) {
            // As if a read of before had been completed into a buffer that is gone.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.twist(cx, buf.len(), read)
    }
}

impl<S: Connection> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match this.fault {
            Fault::WritesWithoutBound => {
                this.held.extend_from_slice(buf);
                let _ = this.poll_release(cx)?;
                Poll::Ready(Ok(buf.len()))
            }
            Fault::BytesAreHeldBack => {
                ready!(this.poll_release(cx))?;
                let written = match buf.len() - 1 {
                    0 => 0,
                    all_but_one => ready!(this.inner().poll_write(cx, &buf[..all_but_one]))?,
                };
                this.held.push(buf[written]);
                Poll::Ready(Ok(written + 1))
            }
            Fault::PendingWriteHappens => {
                ready!(this.poll_release(cx))?;
                let written = this.inner().poll_write(cx, buf);
                if written.is_pending() {
                    this.held.extend_from_slice(buf);
                }
                written
            }
            Fault::WriterIsForgotten => this.inner().poll_write(&mut Context::from_waker(Waker::noop()), buf),
            Fault::DirectionsShareAWaker => {
                let waker = this.shared.leave(cx);
                this.inner().poll_write(&mut Context::from_waker(&waker), buf)
            }
            Fault::LateWritesAreAccepted => match this.inner().poll_write(cx, buf) {
                Poll::Ready(Err(_)) => Poll::Ready(Ok(buf.len())),
                written => written,
            },
            _ => this.inner().poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.fault {
            Fault::GathersNothing => {
                let first = bufs.iter().find(|buf| !buf.is_empty());
                self.poll_write(cx, first.map_or(&[], |buf| &**buf))
            }
            Fault::FirstPieceMayBeEmpty => self.poll_write(cx, bufs.first().map_or(&[], |buf| &**buf)),
            Fault::ManyPiecesFail if bufs.len() > MOST_PIECES => Poll::Ready(Err(ErrorKind::InvalidInput.into())),
            _ => self.inner().poll_write_vectored(cx, bufs),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let again = mem::replace(&mut self.closed, true);
        match self.fault {
            Fault::CloseSendsNoEnd => Poll::Ready(Ok(())),
            Fault::CloseEndsBoth => Poll::Ready(self.inner_ref().shutdown(Shutdown::Both)),
            Fault::SecondCloseFails if again => Poll::Ready(Err(ErrorKind::NotConnected.into())),
            Fault::CloseAfterResetFails if self.inner_ref().peer_addr().is_err() => {
                Poll::Ready(Err(ErrorKind::NotConnected.into()))
            }
            _ => self.inner().poll_close(cx),
        }
    }
}

impl<S: Connection> Connection for Stream<S> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.fault == Fault::AlwaysReadable {
            return Poll::Ready(Ok(()));
        }
        let waker = self.read_waker(cx);
        let readable = self.inner().poll_readable(&mut Context::from_waker(&waker));
        self.error_seen |= self.inner_ref().peer_addr().is_err();
        readable
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let peeked = match self.fault {
            Fault::PeekConsumes => return Pin::new(self).poll_read(cx, buf),
            Fault::SplitForgetsPeeked => {
                let read = ready!(self.poll_read_inner(cx, buf))?;
                self.peeked.splice(..0, buf[..read].iter().copied());
                Poll::Ready(Ok(read))
            }
            _ => {
                let waker = self.read_waker(cx);
                self.inner().poll_peek(&mut Context::from_waker(&waker), buf)
            }
        };
        self.twist(cx, buf.len(), peeked)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner_ref().is_write_vectored()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner_ref().shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.inner_ref().peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.inner_ref().local_addr()
    }
}

impl<S: Connection> Drop for Stream<S> {
    fn drop(&mut self) {
        if self.fault == Fault::DropLeaks {
            mem::forget(self.inner.take());
        }
    }
}

impl<S: Connection> Split for Stream<S> {
    type ReadHalf = ReadHalf<S>;
    type WriteHalf = WriteHalf<S>;

    fn split(mut self) -> (ReadHalf<S>, WriteHalf<S>) {
        self.peeked.clear();
        halves::split(self)
    }
}
