//! TCP connections and listeners.

use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_io::Async;
use wirework::{Addr, ConnectOptions, Listener, socket};

use crate::Stream;
use crate::source::{Interest, Source};

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
            let stream = Async::new_nonblocking(socket::begin_connect_tcp(addr, options)?)?;
            stream.writable().await?;
            stream.get_ref().take_error()?.map_or(Ok(stream), Err)
        };
        connect
            .await
            .map(Self::from)
            .map_err(|error| socket::cannot_connect(addr, &error))
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
        Source::adopt(stream, |shared| Async::new_nonblocking(shared.try_clone()?)).map(Self::from)
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// Takes over a connection, with its options as they are except that it becomes non-blocking.
    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        Async::new(stream).map(Self::from)
    }
}

/// A TCP listener.
#[derive(Debug)]
pub struct TcpListener {
    source: Source<net::TcpListener>,
}

impl TcpListener {
    /// Listens on `addr`; see [`Network`](wirework::Network) for the options it sets.
    ///
    /// # Errors
    /// Those of the system, naming `addr`.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        Async::new_nonblocking(socket::listen_tcp(addr)?).map(Self::from)
    }

    /// Takes over a listener that async-io already watches; see [`TcpStream::adopt`].
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(listener: impl Into<Arc<Async<net::TcpListener>>>) -> io::Result<Self> {
        let source = Source::adopt(listener, |shared| Async::new_nonblocking(shared.try_clone()?))?;
        Ok(Self { source })
    }

    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &net::TcpListener {
        self.source.get_ref()
    }
}

impl From<Async<net::TcpListener>> for TcpListener {
    fn from(io: Async<net::TcpListener>) -> Self {
        Self {
            source: Source::new(io),
        }
    }
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// Takes over a listener, with its options as they are except that it becomes non-blocking.
    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Async::new(listener).map(Self::from)
    }
}

impl Listener for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let (stream, _) = ready!(self.source.poll_attempt(Interest::Read, cx, net::TcpListener::accept))?;
        Poll::Ready(Async::new(stream).and_then(without_delay))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}

fn without_delay(stream: Async<net::TcpStream>) -> io::Result<TcpStream> {
    stream.get_ref().set_nodelay(true)?;
    Ok(TcpStream::from(stream))
}
