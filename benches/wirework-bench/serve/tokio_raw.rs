//! The loop that one writes by hand on tokio.

use std::io;
use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Running;
use super::tokio_util::{accept, runtime};
use crate::by_hand::answer;
use crate::protocol::Protocol;

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize) -> Result<Running> {
    let runtime = runtime(threads)?;
    let listener = runtime.block_on(TcpListener::bind(listen))?;
    let addr = listener.local_addr()?;
    runtime.spawn(accept(listener, move |stream| serve(stream, protocol)));
    Ok(Running::new(addr, runtime))
}

async fn serve(mut stream: TcpStream, protocol: Protocol) -> io::Result<()> {
    let mut input = Vec::with_capacity(16 * 1024);
    let mut replies = Vec::with_capacity(16 * 1024);
    while stream.read_buf(&mut input).await? > 0 {
        let answered = answer(protocol, &input, &mut replies).map_err(io::Error::other)?;
        input.drain(..answered);
        stream.write_all(&replies).await?;
        replies.clear();
    }
    Ok(())
}
