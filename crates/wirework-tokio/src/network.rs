//! Sockets, as a capability of the runtime.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use tokio::net;
use wirework::{ConnectOptions, Network, socket};

use crate::{TcpListener, TcpStream, Tokio, UdpSocket};

impl Network for Tokio {
    type TcpStream = TcpStream;
    type TcpListener = TcpListener;
    type UdpSocket = UdpSocket;
    #[cfg(unix)]
    type UnixStream = crate::UnixStream;
    #[cfg(unix)]
    type UnixListener = crate::UnixListener;

    async fn connect_tcp_with(&self, addr: SocketAddr, options: ConnectOptions) -> io::Result<TcpStream> {
        let connect = self.entered(async {
            let stream = net::TcpStream::from_std(socket::begin_connect_tcp(addr, options)?)?;
            stream.writable().await?;
            stream.take_error()?.map_or(Ok(stream.into()), Err)
        });
        connect.await.map_err(|error| socket::cannot_connect(addr, &error))
    }

    fn adopt_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<TcpListener> {
        let _entered = self.handle().enter();
        listener.set_nonblocking(true)?;
        net::TcpListener::from_std(listener).map(|listener| self.adopt_listener(listener))
    }

    fn bind_udp(&self, addr: SocketAddr) -> io::Result<UdpSocket> {
        let _entered = self.handle().enter();
        net::UdpSocket::from_std(socket::bind_udp(addr)?).map(Into::into)
    }

    #[cfg(unix)]
    async fn connect_unix(&self, path: &std::path::Path) -> io::Result<crate::UnixStream> {
        let stream = self.entered(net::UnixStream::connect(path)).await;
        let stream = stream.map_err(|error| socket::cannot_connect(path.display(), &error))?;
        Ok(stream.into())
    }

    #[cfg(unix)]
    fn adopt_unix_listener(&self, listener: std::os::unix::net::UnixListener) -> io::Result<crate::UnixListener> {
        let _entered = self.handle().enter();
        listener.set_nonblocking(true)?;
        net::UnixListener::from_std(listener).map(|listener| self.adopt_listener(listener))
    }

    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        socket::resolve_on(self, host, port)
    }
}

impl Tokio {
    /// Polls a future in the context of this runtime, whoever polls it.
    async fn entered<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        poll_fn(|cx| {
            let _entered = self.handle().enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}
