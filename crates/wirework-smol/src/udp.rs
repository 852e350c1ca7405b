//! UDP sockets.

use std::{io, net};

pub use wirework_async_io::UdpSocket;

use crate::Smol;

impl Smol {
    /// Takes over a std socket, with its options as they are except that it becomes non-blocking.
    ///
    /// # Errors
    /// Those of the system.
    pub fn adopt_udp_socket(&self, socket: net::UdpSocket) -> io::Result<UdpSocket> {
        socket.try_into()
    }
}
