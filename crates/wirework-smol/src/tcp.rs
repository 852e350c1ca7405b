//! TCP connections and listeners, which are those on async-io.

pub use wirework_async_io::{TcpListener, TcpStream};
