//! Unix stream sockets and their listeners, which are those on async-io.

use std::io;
use std::os::unix::net;

pub use wirework_async_io::{UnixListener, UnixStream};

/// Takes over a connection of `async_std::os::unix::net`, with its options as they are.
///
/// # Errors
/// Those of the system, and when the connection has other clones: they could go on using it.
pub fn adopt_unix_stream(stream: async_std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
    net::UnixStream::try_from(stream)?.try_into()
}

/// Takes over a listener of `async_std::os::unix::net`, with its options as they are.
///
/// # Errors
/// Those of the system.
pub fn adopt_unix_listener(listener: async_std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
    net::UnixListener::try_from(listener)?.try_into()
}
