//! TCP connections and listeners.

use std::{io, net};

pub use wirework_async_io::{TcpListener, TcpStream};

use crate::Smol;

impl Smol {
    /// Takes over a std connection, with its options as they are except that it becomes non-blocking.
    ///
    /// A connection of `smol::net` is taken over by [`TcpStream::adopt`].
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt_tcp_stream(&self, stream: net::TcpStream) -> io::Result<TcpStream> {
        stream.try_into()
    }

    /// Takes over a std listener, such as one that was handed down by the service manager.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt_tcp_listener(&self, listener: net::TcpListener) -> io::Result<TcpListener> {
        listener.try_into()
    }
}
