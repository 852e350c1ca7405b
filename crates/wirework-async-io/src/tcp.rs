//! TCP connections and listeners.

use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_io::Async;
use wirework::socket::{self, ListenOptions};
use wirework::{Addr, ConnectOptions, Listener};

use crate::Stream;
use crate::interest::Interest;
use crate::source::Source;

/// A TCP connection.
pub type TcpStream = Stream<net::TcpStream>;

impl TcpStream {
    /// Connects to one address, and sets `TCP_NODELAY`.
    ///
    /// # Errors
    /// Those of the system, naming `addr`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        Self::connect_with(addr, ConnectOptions::new()).await
    }

    /// Connects to one address, with options.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect_with(addr: SocketAddr, options: ConnectOptions) -> io::Result<Self> {
        let connect = async {
            let source = Source::new(socket::begin_connect_tcp(addr, options)?)?;
            poll_fn(|cx| source.poll_attempt(Interest::Write, cx, connected)).await?;
            Ok(Self::from(source))
        };
        connect.await.map_err(|error| socket::cannot_connect(addr, &error))
    }

    /// Takes over a connection that async-io already watches, with its options as they are: a stream of `smol::net`, an
    /// [`Async`], or an `Arc` of one.
    ///
    /// Where clones of it live on, this one gets a file descriptor of its own for the same connection.
    ///
    /// ```
    /// use std::net;
    ///
    /// use async_io::Async;
    /// use wirework_async_io::TcpStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = net::TcpListener::bind("127.0.0.1:0")?;
    /// let watched = Async::new(net::TcpStream::connect(listener.local_addr()?)?)?;
    /// let stream = TcpStream::adopt(watched)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(stream: impl Into<Arc<Async<net::TcpStream>>>) -> io::Result<Self> {
        Source::adopt(stream, net::TcpStream::try_clone).map(Self::from)
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// Takes over a connection, with its options as they are except that it becomes non-blocking.
    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Source::new(stream).map(Self::from)
    }
}

/// A TCP listener.
#[derive(Debug)]
pub struct TcpListener {
    source: Source<net::TcpListener>,
}

impl TcpListener {
    /// Listens on `addr`, with the default options.
    ///
    /// # Errors
    /// Those of the system, naming `addr`.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        Self::bind_with(addr, &ListenOptions::new())
    }

    /// Listens on `addr`. Connections inherit the options.
    ///
    /// # Errors
    /// Those of the system, naming `addr`.
    pub fn bind_with(addr: SocketAddr, options: &ListenOptions) -> io::Result<Self> {
        let source = Source::new(socket::listen_tcp_with(addr, options)?)?;
        Ok(Self { source })
    }

    /// Takes over a listener that async-io already watches; see [`TcpStream::adopt`].
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(listener: impl Into<Arc<Async<net::TcpListener>>>) -> io::Result<Self> {
        let source = Source::adopt(listener, net::TcpListener::try_clone)?;
        Ok(Self { source })
    }

    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &net::TcpListener {
        self.source.get_ref()
    }
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// Takes over a listener, with its options as they are except that it becomes non-blocking.
    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let source = Source::new(listener)?;
        Ok(Self { source })
    }
}

impl Listener for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let (stream, _) = ready!(self.source.poll_attempt(Interest::Read, cx, net::TcpListener::accept))?;
        stream.set_nonblocking(true)?;
        Poll::Ready(Source::new(stream).map(TcpStream::from))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}

/// Whether a connection that was begun is there: it would block until it is, or has failed.
fn connected(stream: &net::TcpStream) -> io::Result<()> {
    match stream.take_error()? {
        Some(error) => Err(error),
        None => stream.peer_addr().map(drop).map_err(|error| match error.kind() {
            io::ErrorKind::NotConnected => io::ErrorKind::WouldBlock.into(),
            _ => error,
        }),
    }
}
