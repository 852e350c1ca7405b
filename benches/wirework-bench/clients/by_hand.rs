//! The limit: a loop that knows what it asks for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Caller;

const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n";
const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
const VALUE: &[u8] = b"$5\r\nvalue\r\n";

pub(super) struct ByHand {
    stream: TcpStream,
}

impl ByHand {
    /// Also sets the value that all ask for.
    pub(super) fn connect(addr: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.write_all(SET)?;
        let mut ok = [0; 5];
        stream.read_exact(&mut ok)?;
        ensure!(&ok == b"+OK\r\n", "the server does not set a value");
        Ok(Self { stream })
    }
}

impl Caller for ByHand {
    fn name(&self) -> &'static str {
        "hand-written loop"
    }

    fn run(&mut self, callers: usize, window: Duration) -> Result<u64> {
        let requests = GET.repeat(callers);
        let mut replies = VALUE.repeat(callers);
        let begun = Instant::now();
        let mut calls = 0;
        while begun.elapsed() < window {
            self.stream.write_all(&requests)?;
            self.stream.read_exact(&mut replies)?;
            ensure!(
                replies.chunks(VALUE.len()).all(|reply| reply == VALUE),
                "the server answers something else"
            );
            calls += callers as u64;
        }
        Ok(calls)
    }
}
