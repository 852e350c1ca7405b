#![doc = include_str!("../README.md")]
// Under loom, the test takes the parts to check by their paths.
#![cfg(not(loom))]

mod block_on;
mod drive;
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
mod transfer;
mod udp;
#[cfg(unix)]
mod unix;

pub use block_on::block_on;
pub use drive::{Drive, drive};
pub use stream::{ReadHalf, Stream, WriteHalf};
pub use tcp::{TcpListener, TcpStream};
pub use timer::Timer;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
