//! The handles that programs have of a connection, and of its two directions.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wirework::{Addr, Connection, Split};

use super::{Side, SocketKey};
use crate::shared::Shared;

/// One end of a connection, which is closed with its last handle.
pub(crate) struct StreamCore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: SocketKey,
    pub(crate) side: Side,
}

impl StreamCore {
    fn read(&self, cx: &Context<'_>, buf: &mut [u8], peek: bool) -> Poll<io::Result<usize>> {
        if buf.is_empty() && !peek {
            return Poll::Ready(Ok(0));
        }
        self.shared.lock().read(self.key, self.side, cx, buf, peek)
    }

    fn write(&self, cx: &Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.shared.lock().write(self.key, self.side, cx, bufs)
    }

    fn shutdown(&self, how: Shutdown) {
        self.shared.lock().shutdown(self.key, self.side, how);
    }

    fn name(&self, side: Side) -> io::Result<Addr> {
        let mut world = self.shared.lock();
        let end = world.net.end(self.key, side).ok_or(ErrorKind::NotConnected)?;
        Ok(Addr::from(&end.name))
    }
}

impl Drop for StreamCore {
    fn drop(&mut self) {
        self.shared.lock().close(self.key, self.side);
    }
}

impl fmt::Debug for StreamCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {:?}", self.key.index, self.side)
    }
}

/// A connection of a simulated host: TCP, or a Unix socket.
#[derive(Debug)]
pub struct SimStream {
    core: Arc<StreamCore>,
}

impl SimStream {
    pub(crate) fn new(shared: &Arc<Shared>, key: SocketKey, side: Side) -> Self {
        Self::from_core(StreamCore {
            shared: Arc::clone(shared),
            key,
            side,
        })
    }

    pub(crate) fn from_core(core: StreamCore) -> Self {
        Self { core: Arc::new(core) }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.core.read(cx, buf, false)
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.core.write(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.core.write(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // A socket holds nothing back.
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.core.shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}

impl Connection for SimStream {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let core = &self.core;
        core.shared.lock().poll_readable(core.key, core.side, cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.core.read(cx, buf, true)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.core.shutdown(how);
        Ok(())
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        let core = &self.core;
        let mut world = core.shared.lock();
        let is_broken = world.net.end(core.key, core.side).is_none_or(|end| end.is_broken);
        drop(world);
        if is_broken {
            return Err(ErrorKind::NotConnected.into());
        }
        core.name(core.side.other())
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.core.name(self.core.side)
    }
}

impl Split for SimStream {
    type ReadHalf = SimReadHalf;
    type WriteHalf = SimWriteHalf;

    fn split(self) -> (SimReadHalf, SimWriteHalf) {
        let core = Arc::clone(&self.core);
        (SimReadHalf { core }, SimWriteHalf { core: self.core })
    }
}

/// The reading direction of a [`SimStream`]. Dropping it tells the peer nothing.
#[derive(Debug)]
pub struct SimReadHalf {
    core: Arc<StreamCore>,
}

impl AsyncRead for SimReadHalf {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.core.read(cx, buf, false)
    }
}

/// The writing direction of a [`SimStream`]. Dropping it sends the end of the stream.
#[derive(Debug)]
pub struct SimWriteHalf {
    core: Arc<StreamCore>,
}

impl AsyncWrite for SimWriteHalf {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.core.write(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.core.write(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.core.shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimWriteHalf {
    fn drop(&mut self) {
        self.core.shutdown(Shutdown::Write);
    }
}
