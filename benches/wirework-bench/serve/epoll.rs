//! The limit: a loop over level-triggered epoll, written by hand for this one protocol.
//!
//! Buffers are lent to a connection only while it has half a request or an unsent reply, so a few of them, warm in the cache,
//! serve all. It does what any server must and nothing else: what others spend beyond it is the price of their comfort.

mod connection;
mod worker;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::Result;

use self::worker::{Inbox, Worker};
use super::Running;
use crate::protocol::Protocol;

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize) -> Result<Running> {
    let listener = TcpListener::bind(listen)?;
    let addr = listener.local_addr()?;
    let mut inboxes = Vec::new();
    for _ in 0..threads {
        let (worker, inbox) = Worker::new(protocol)?;
        thread::spawn(move || worker.run());
        inboxes.push(inbox);
    }
    thread::spawn(move || accept(&listener, &inboxes));
    Ok(Running::new(addr, ()))
}

/// Deals connections out to the workers, in turns.
fn accept(listener: &TcpListener, inboxes: &[Inbox]) {
    for (inbox, stream) in inboxes.iter().cycle().zip(listener.incoming()) {
        match stream.and_then(|stream| prepare(&stream).map(|()| stream)) {
            Ok(stream) => inbox.put(stream),
            Err(error) => eprintln!("wirework-bench: cannot accept: {error}"),
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)
}
