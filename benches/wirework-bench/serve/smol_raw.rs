//! The loop that one writes by hand on smol.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use smol::Executor;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

use super::Running;
use crate::by_hand::answer;
use crate::protocol::Protocol;

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize) -> Result<Running> {
    let executor = executor(threads)?;
    let listener = smol::block_on(TcpListener::bind(listen))?;
    let addr = listener.local_addr()?;
    let accepting = accept(Arc::clone(&executor), listener, move |stream| serve(stream, protocol));
    Ok(Running::new(addr, executor.spawn(accepting)))
}

/// An executor with that many threads, which never end.
pub(super) fn executor(threads: usize) -> io::Result<Arc<Executor<'static>>> {
    let executor = Arc::new(Executor::new());
    for _ in 0..threads {
        let executor = Arc::clone(&executor);
        let run = move || smol::block_on(executor.run(smol::future::pending::<()>()));
        thread::Builder::new().spawn(run)?;
    }
    Ok(executor)
}

/// Serves every connection in a task of its own. A failure ends that connection.
pub(super) async fn accept<F>(
    executor: Arc<Executor<'static>>,
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        executor.spawn(serve(stream)).detach();
    }
}

async fn serve(mut stream: TcpStream, protocol: Protocol) -> io::Result<()> {
    let mut input = vec![0; 16 * 1024];
    let mut filled = 0;
    let mut replies = Vec::with_capacity(16 * 1024);
    loop {
        let count = stream.read(&mut input[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let answered = answer(protocol, &input[..filled], &mut replies).map_err(io::Error::other)?;
        input.copy_within(answered..filled, 0);
        filled -= answered;
        if filled == input.len() {
            input.resize(2 * filled, 0);
        }
        stream.write_all(&replies).await?;
        replies.clear();
    }
}
