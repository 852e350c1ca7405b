#![doc = include_str!("../README.md")]

mod source;
mod stream;
mod tcp;
mod timer;
mod udp;
#[cfg(unix)]
mod unix;

pub use stream::{ReadHalf, Stream, WriteHalf};
pub use tcp::{TcpListener, TcpStream};
pub use timer::Timer;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
