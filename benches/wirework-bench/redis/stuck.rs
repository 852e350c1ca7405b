//! Clients that ask for much and read nothing of it.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};

/// What they ask for, again and again: this many bytes.
const VALUE: usize = 16 * 1024;

/// Clients that are stuck, until they are dropped.
#[derive(Debug)]
pub(super) struct Stuck {
    _streams: Vec<TcpStream>,
}

impl Stuck {
    /// Connects them and sends as many requests as the server takes.
    pub(super) fn begin(server: SocketAddr, clients: usize) -> Result<Self> {
        let mut streams = Vec::new();
        for _ in 0..clients {
            let mut stream = TcpStream::connect(server)?;
            let value = "x".repeat(VALUE);
            write!(stream, "*3\r\n$3\r\nSET\r\n$5\r\nstuck\r\n${VALUE}\r\n{value}\r\n")?;
            stream.set_nonblocking(true)?;
            // 16 KiB each of up to 64 MiB: more than any socket's buffers hold, so it stops before.
            let sent = send(&mut stream, 4096)?;
            ensure!(sent > 0, "the server takes no request");
            streams.push(stream);
        }
        Ok(Self { _streams: streams })
    }
}

/// Sends up to so many requests, and returns how many the system took.
fn send(stream: &mut TcpStream, requests: usize) -> io::Result<usize> {
    for sent in 0..requests {
        match stream.write(b"*2\r\n$3\r\nGET\r\n$5\r\nstuck\r\n") {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(sent),
            Err(error) => return Err(error),
        }
    }
    Ok(requests)
}
