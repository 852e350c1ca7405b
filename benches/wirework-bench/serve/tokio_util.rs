//! tokio-util's `Framed`, in the two ways that people loop over it.

use std::io;
use std::net::SocketAddr;

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::{Running, unsupported};
use crate::protocol::Protocol;

/// How frames are sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Style {
    /// `framed.send(frame).await`, which flushes each.
    Send,
    /// `stream.forward(sink)`, which flushes when no frame is ready.
    Forward,
}

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize, style: Style) -> Result<Running> {
    if protocol != Protocol::FramedOwned {
        return unsupported(protocol);
    }
    let runtime = runtime(threads)?;
    let listener = runtime.block_on(TcpListener::bind(listen))?;
    let addr = listener.local_addr()?;
    runtime.spawn(accept(listener, move |stream| async move {
        let framed = Framed::new(stream, LengthDelimitedCodec::new());
        match style {
            Style::Send => send(framed).await,
            Style::Forward => forward(framed).await,
        }
    }));
    Ok(Running::new(addr, runtime))
}

/// The multi-threaded runtime with that many worker threads.
pub(super) fn runtime(threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// Serves every connection in a task of its own. A failure ends that connection.
pub(super) async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}

async fn send(mut framed: Framed<TcpStream, LengthDelimitedCodec>) -> io::Result<()> {
    while let Some(frame) = framed.next().await {
        framed.send(frame?.freeze()).await?;
    }
    Ok(())
}

async fn forward(framed: Framed<TcpStream, LengthDelimitedCodec>) -> io::Result<()> {
    let (sink, stream) = framed.split();
    let frames = stream.map(|frame| frame.map(bytes::BytesMut::freeze));
    frames.forward(sink).await
}
