//! The halves of a connection with a fault.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};
use wirework::Connection;

use super::Fault;
use super::stream::Stream;

/// Takes a connection apart.
pub(crate) fn split<S: Connection>(whole: Stream<S>) -> (ReadHalf<S>, WriteHalf<S>) {
    let whole = Arc::new(Mutex::new(whole));
    (ReadHalf(Arc::clone(&whole)), WriteHalf(whole))
}

#[derive(Debug)]
pub(crate) struct ReadHalf<S: Connection>(Arc<Mutex<Stream<S>>>);

impl<S: Connection> AsyncRead for ReadHalf<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_read(cx, buf)
    }
}

impl<S: Connection> Drop for ReadHalf<S> {
    fn drop(&mut self) {
        let whole = lock(&self.0);
        if whole.fault() == Fault::ReadHalfDropTells {
            whole.shutdown(Shutdown::Read).ok();
        }
    }
}

#[derive(Debug)]
pub(crate) struct WriteHalf<S: Connection>(Arc<Mutex<Stream<S>>>);

impl<S: Connection> AsyncWrite for WriteHalf<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut whole = lock(&self.0);
        match whole.fault() {
            Fault::HalfGathersNothing => Pin::new(&mut *whole).poll_write(cx, bufs.first().map_or(&[], |buf| &**buf)),
            _ => Pin::new(&mut *whole).poll_write_vectored(cx, bufs),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_close(cx)
    }
}

impl<S: Connection> Drop for WriteHalf<S> {
    fn drop(&mut self) {
        let whole = lock(&self.0);
        if whole.fault() != Fault::WriteHalfDropIsSilent && whole.fault() != Fault::DropLeaks {
            whole.shutdown(Shutdown::Write).ok();
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("nothing panics while it is held")
}
