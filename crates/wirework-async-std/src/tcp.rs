//! TCP connections and listeners, which are those on async-io.

use std::{io, net};

pub use wirework_async_io::{TcpListener, TcpStream};

/// Takes over a connection of `async_std::net`, with its options as they are.
///
/// # Errors
/// Those of the system, and when the connection has other clones: they could go on using it.
pub fn adopt_tcp_stream(stream: async_std::net::TcpStream) -> io::Result<TcpStream> {
    net::TcpStream::try_from(stream)?.try_into()
}

/// Takes over a listener of `async_std::net`, with its options as they are.
///
/// # Errors
/// Those of the system.
pub fn adopt_tcp_listener(listener: async_std::net::TcpListener) -> io::Result<TcpListener> {
    net::TcpListener::try_from(listener)?.try_into()
}
