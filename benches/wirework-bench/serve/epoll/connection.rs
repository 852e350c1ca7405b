//! One connection of the epoll server.

use std::mem;
use std::net::TcpStream;

use anyhow::{Result, bail};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::by_hand::answer;
use crate::protocol::Protocol;

/// How large buffers are at first.
const BUFFER: usize = 64 * 1024;

/// Buffers that no connection holds.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    inputs: Vec<Vec<u8>>,
    replies: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Half a request, in the first `filled` bytes. No memory while there is none.
    input: Vec<u8>,
    filled: usize,
    /// Replies that the socket had no room for.
    unsent: Vec<u8>,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Requests,
    /// Room for replies; no requests are taken until they have left.
    Room,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            input: Vec::new(),
            filled: 0,
            unsent: Vec::new(),
        }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn wants(&self) -> Wants {
        if self.unsent.is_empty() {
            Wants::Requests
        } else {
            Wants::Room
        }
    }

    /// Does what the socket is ready for. An error ends the connection, and so does its peer.
    pub(super) fn serve(&mut self, protocol: Protocol, buffers: &mut Buffers) -> Result<Wants> {
        match self.wants() {
            Wants::Requests => self.read(protocol, buffers)?,
            Wants::Room => self.unsent = unsent(&self.stream, &self.unsent)?,
        }
        Ok(self.wants())
    }

    fn read(&mut self, protocol: Protocol, buffers: &mut Buffers) -> Result<()> {
        if self.input.is_empty() {
            self.input = buffers.inputs.pop().unwrap_or_else(|| vec![0; BUFFER]);
        }
        self.filled += match recv(&self.stream, &mut self.input[self.filled..], RecvFlags::empty()) {
            Ok((_, 0)) => bail!("the peer has closed"),
            Ok((_, count)) => count,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        buffers.replies.clear();
        let answered = answer(protocol, &self.input[..self.filled], &mut buffers.replies)?;
        self.input.copy_within(answered..self.filled, 0);
        self.filled -= answered;
        if self.filled == 0 {
            buffers.inputs.push(mem::take(&mut self.input));
        } else if self.filled == self.input.len() {
            self.input.resize(2 * self.filled, 0);
        }
        self.unsent = unsent(&self.stream, &buffers.replies)?;
        Ok(())
    }
}

/// Sends replies; returns those that the socket has no room for.
fn unsent(stream: &TcpStream, mut replies: &[u8]) -> Result<Vec<u8>> {
    while !replies.is_empty() {
        match send(stream, replies, SendFlags::NOSIGNAL) {
            Ok(count) => replies = &replies[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(replies.to_vec())
}
