//! UDP sockets, which are those on async-io.

use std::{io, net};

pub use wirework_async_io::UdpSocket;

/// Takes over a socket of `async_std::net`, with its options as they are.
///
/// # Errors
/// Those of the system.
pub fn adopt_udp_socket(socket: async_std::net::UdpSocket) -> io::Result<UdpSocket> {
    net::UdpSocket::try_from(socket)?.try_into()
}
