//! A connection that came through a proxy, as that of the client behind it.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wirework_codec::{ProxyEndpoints, ProxyHeader};

use crate::{Addr, Connection, Prepended, Split};

/// A connection that may have come through a proxy; from [`ProxyProtocol`](crate::ProxyProtocol).
///
/// Its [peer](Connection::peer_addr) is the client that the proxy named. Its local address is its own; the one that the client
/// connected to is in the [`header`](Self::header).
#[derive(Debug)]
pub struct Proxied<C> {
    inner: Prepended<C>,
    header: Option<Arc<ProxyHeader>>,
}

impl<C> Proxied<C> {
    pub(super) fn new(inner: Prepended<C>, header: Option<Arc<ProxyHeader>>) -> Self {
        Self { inner, header }
    }

    /// What the proxy said. `None` if the peer is no proxy.
    pub fn header(&self) -> Option<&ProxyHeader> {
        self.header.as_deref()
    }

    /// The connection to the proxy. Bytes may have been read of it.
    pub fn get_ref(&self) -> &C {
        self.inner.get_ref()
    }

    /// The connection, with the bytes that were read ahead of it.
    pub fn into_inner(self) -> Prepended<C> {
        self.inner
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Proxied<C> {
    #[inline]
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_read_vectored(cx, bufs)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Proxied<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<C: Connection> Connection for Proxied<C> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        match self.header.as_ref().map(|header| header.endpoints()) {
            Some(ProxyEndpoints::Ip { source, .. }) => Ok(Addr::Ip(*source)),
            Some(ProxyEndpoints::Unix { source, .. }) => Ok(Addr::Unix(socket_path(source))),
            _ => self.inner.peer_addr(),
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.inner.local_addr()
    }
}

impl<C: Split> Split for Proxied<C> {
    type ReadHalf = Prepended<C::ReadHalf>;
    type WriteHalf = C::WriteHalf;

    fn split(self) -> (Self::ReadHalf, Self::WriteHalf) {
        self.inner.split()
    }
}

/// The path of a socket; abstract names, which begin with a zero, are none.
fn socket_path(name: &[u8]) -> Option<std::path::PathBuf> {
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty() && !name.contains('\0')).then(|| name.into())
}
