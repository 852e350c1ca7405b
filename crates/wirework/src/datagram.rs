//! Messages without a connection: UDP.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// Sends and receives datagrams.
///
/// All operations take `&self`: one task may receive while another sends, through an [`Arc`](std::sync::Arc). Each
/// direction holds one waker, that of the last poll.
///
/// ```
/// use std::io;
/// use wirework::{Datagram, Network};
///
/// async fn echo<N: Network>(network: &N) -> io::Result<()> {
///     let socket = network.bind_udp(([127, 0, 0, 1], 7000).into())?;
///     let mut buf = [0; 1500];
///     loop {
///         let (len, from) = socket.recv_from(&mut buf).await?;
///         socket.send_to(&buf[..len], from).await?;
///     }
/// }
/// ```
pub trait Datagram: Send + Sync + Unpin + 'static {
    /// Receives one datagram, and says from whom. What does not fit into `buf` is cut off.
    ///
    /// # Errors
    /// Those of the system. On Linux an earlier datagram that could not be delivered is reported here
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)) on a connected socket; the socket stays usable.
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>>;

    /// Sends one datagram, whole or not at all.
    ///
    /// # Errors
    /// Those of the system, such as a datagram over 65,507 bytes (IPv4).
    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>>;

    /// Where it is bound; with the real port when port 0 was asked for.
    ///
    /// # Errors
    /// Those of the system.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// [`poll_recv_from`](Self::poll_recv_from) as a future.
    ///
    /// # Errors
    /// As the poll.
    ///
    /// # Cancel safety
    /// Dropping the future loses no datagram.
    fn recv_from(&self, buf: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send
    where
        Self: Sized,
    {
        poll_fn(|cx| self.poll_recv_from(cx, buf))
    }

    /// [`poll_send_to`](Self::poll_send_to) as a future.
    ///
    /// # Errors
    /// As the poll.
    ///
    /// # Cancel safety
    /// A dropped future has not sent the datagram.
    fn send_to(&self, buf: &[u8], target: SocketAddr) -> impl Future<Output = io::Result<usize>> + Send
    where
        Self: Sized,
    {
        poll_fn(move |cx| self.poll_send_to(cx, buf, target))
    }
}
