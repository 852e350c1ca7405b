//! One read and one write of a stream socket.
//!
//! What std calls is a place of the C library where a thread can be cancelled: in a process of several threads it takes two
//! locked instructions to get there and back. On Linux the kernel is called straight away.

use std::io;
#[cfg(not(target_os = "linux"))]
use std::io::{Read, Write};

#[cfg(target_os = "linux")]
use rustix::net::{RecvFlags, SendFlags, recv, send};
use wirework::socket::AsSocket;

#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn read(socket: &impl AsSocket, buf: &mut [u8]) -> io::Result<usize> {
    let (_, count) = recv(socket, buf, RecvFlags::empty())?;
    Ok(count)
}

#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn write(socket: &impl AsSocket, buf: &[u8]) -> io::Result<usize> {
    Ok(send(socket, buf, SendFlags::NOSIGNAL)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read<T>(mut socket: &T, buf: &mut [u8]) -> io::Result<usize>
where
    for<'a> &'a T: Read,
{
    socket.read(buf)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn write<T>(mut socket: &T, buf: &[u8]) -> io::Result<usize>
where
    for<'a> &'a T: Write,
{
    socket.write(buf)
}
