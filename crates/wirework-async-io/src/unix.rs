//! Unix stream sockets and their listeners.

use std::io;
use std::os::unix::net;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_io::Async;
use wirework::socket::{self, UnixListenOptions};
use wirework::{Addr, Listener};

use crate::Stream;
use crate::interest::Interest;
use crate::source::Source;

/// A Unix stream socket.
pub type UnixStream = Stream<net::UnixStream>;

impl UnixStream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// Those of the system, naming `path`.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        Async::<net::UnixStream>::connect(path)
            .await
            .and_then(Source::take_over)
            .map(Self::from)
            .map_err(|error| socket::cannot_connect(path.display(), &error))
    }

    /// Takes over a connection that async-io already watches; see [`TcpStream::adopt`](crate::TcpStream::adopt).
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(stream: impl Into<Arc<Async<net::UnixStream>>>) -> io::Result<Self> {
        Source::adopt(stream, net::UnixStream::try_clone).map(Self::from)
    }
}

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// Takes over a connection, with its options as they are except that it becomes non-blocking.
    fn try_from(stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Source::new(stream).map(Self::from)
    }
}

/// A listening Unix socket. Dropping it leaves its file where it is.
#[derive(Debug)]
pub struct UnixListener {
    source: Source<net::UnixListener>,
}

impl UnixListener {
    /// Listens on `path`, where it makes a socket file, with the default options.
    ///
    /// # Errors
    /// Those of the system, naming `path`.
    pub fn bind(path: &Path) -> io::Result<Self> {
        Self::bind_with(path, &UnixListenOptions::new())
    }

    /// Listens on `path`, where it makes a socket file.
    ///
    /// # Errors
    /// Those of the system, naming `path`.
    pub fn bind_with(path: &Path, options: &UnixListenOptions) -> io::Result<Self> {
        let source = Source::new(socket::listen_unix_with(path, options)?)?;
        Ok(Self { source })
    }

    /// Takes over a listener that async-io already watches; see [`UnixStream::adopt`].
    ///
    /// # Errors
    /// Those of the system, where the descriptor has to be duplicated.
    pub fn adopt(listener: impl Into<Arc<Async<net::UnixListener>>>) -> io::Result<Self> {
        let source = Source::adopt(listener, net::UnixListener::try_clone)?;
        Ok(Self { source })
    }

    /// The std socket, for its options.
    #[must_use]
    pub fn get_ref(&self) -> &net::UnixListener {
        self.source.get_ref()
    }
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// Takes over a listener, with its options as they are except that it becomes non-blocking.
    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let source = Source::new(listener)?;
        Ok(Self { source })
    }
}

impl Listener for UnixListener {
    type Connection = UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        let (stream, _) = ready!(self.source.poll_attempt(Interest::Read, cx, net::UnixListener::accept))?;
        Poll::Ready(UnixStream::try_from(stream))
    }

    fn local_addr(&self) -> io::Result<Addr> {
        socket::local_addr(self.get_ref())
    }
}
