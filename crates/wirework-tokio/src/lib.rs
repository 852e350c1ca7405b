#![doc = include_str!("../README.md")]

mod listening;
mod network;
mod runtime;
mod socket;
mod stream;
mod task;
mod tcp;
mod timer;
mod udp;
#[cfg(unix)]
mod unix;

pub use listening::Listening;
pub use runtime::{Tokio, run};
pub use socket::Socket;
pub use task::Task;
pub use tcp::{TcpListener, TcpStream};
pub use timer::Timer;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
