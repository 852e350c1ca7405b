//! Connecting through a proxy: SOCKS5 and HTTP CONNECT.
//!
//! A proxy is asked over a connection that is already there, whatever it is made of, and that connection is then the one to
//! the target. So proxies can be chained, and reached over TLS or a Unix socket.

mod base64;
mod error;
mod http;
mod socks5;

pub use self::error::ProxyError;
pub use self::http::HttpProxy;
pub use self::socks5::Socks5Proxy;
