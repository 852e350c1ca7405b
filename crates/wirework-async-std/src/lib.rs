#![doc = include_str!("../README.md")]

mod network;
mod runtime;
mod task;
mod tcp;
mod timer;
mod udp;
#[cfg(unix)]
mod unix;

pub use runtime::{AsyncStd, run};
pub use task::Task;
pub use tcp::{TcpListener, TcpStream, adopt_tcp_listener, adopt_tcp_stream};
pub use timer::Timer;
pub use udp::{UdpSocket, adopt_udp_socket};
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream, adopt_unix_listener, adopt_unix_stream};
