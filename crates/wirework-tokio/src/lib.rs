#![doc = include_str!("../README.md")]

#[cfg(feature = "codec")]
mod codec;
mod network;
mod runtime;
mod task;
mod tcp;
mod timer;
mod udp;
#[cfg(unix)]
mod unix;

#[cfg(feature = "codec")]
pub use codec::{CodecError, FromTokioUtil, IntoTokioUtil};
pub use runtime::{Tokio, run};
pub use task::Task;
pub use tcp::{Listening, Socket, TcpListener, TcpStream};
pub use timer::Timer;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixListener, UnixStream};
