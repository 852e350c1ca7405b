//! Unix stream sockets and their listeners.

use std::io;
use std::os::unix::net;

pub use wirework_async_io::{UnixListener, UnixStream};

use crate::Smol;

impl Smol {
    /// Takes over a std connection, with its options as they are except that it becomes non-blocking.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt_unix_stream(&self, stream: net::UnixStream) -> io::Result<UnixStream> {
        stream.try_into()
    }

    /// Takes over a std listener, such as one that was handed down by the service manager.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt_unix_listener(&self, listener: net::UnixListener) -> io::Result<UnixListener> {
        listener.try_into()
    }
}
