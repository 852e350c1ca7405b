#![doc = include_str!("../README.md")]
// Under loom, the test takes the parts to check by their paths.
#![cfg(not(loom))]

#[cfg(target_os = "linux")]
mod block_on;
mod interest;
mod plain;
#[cfg(target_os = "linux")]
mod reactor;
#[cfg(not(target_os = "linux"))]
#[path = "no_reactor.rs"]
mod reactor;
mod source;
mod stream;
mod tcp;
mod timer;
mod udp;
#[cfg(unix)]
mod unix;

#[cfg(not(target_os = "linux"))]
pub use async_io::block_on;
#[cfg(target_os = "linux")]
pub use block_on::block_on;
pub use stream::{ReadHalf, Stream, WriteHalf};
pub use tcp::{TcpListener, TcpStream};
pub use timer::Timer;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
