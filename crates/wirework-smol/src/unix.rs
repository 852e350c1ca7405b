//! Unix stream sockets and their listeners, which are those on async-io.

pub use wirework_async_io::{UnixListener, UnixStream};
