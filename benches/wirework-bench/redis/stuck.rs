//! Clients that a server could trip over: some ask and do not read, some read a little now and then, and some stop
//! inside of a command.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};

/// What they ask for, again and again: this many bytes.
const VALUE: usize = 16 * 1024;

/// How often the slow ones read, and how much.
const PAUSE: Duration = Duration::from_millis(100);
const SIP: usize = 4096;

/// Clients that are stuck or slow, a third of each kind, until they are dropped.
#[derive(Debug)]
pub(super) struct Stuck {
    _streams: Vec<TcpStream>,
    is_over: Arc<AtomicBool>,
    slow: Option<JoinHandle<()>>,
}

impl Stuck {
    /// Connects them, and has those that ask send as many requests as the server takes.
    pub(super) fn begin(server: SocketAddr, clients: usize) -> Result<Self> {
        let (mut stuck, mut slow) = (Vec::new(), Vec::new());
        for client in 0..clients {
            let mut stream = TcpStream::connect(server)?;
            let value = "x".repeat(VALUE);
            write!(stream, "*3\r\n$3\r\nSET\r\n$5\r\nstuck\r\n${VALUE}\r\n{value}\r\n")?;
            stream.set_nonblocking(true)?;
            if client % 3 == 2 {
                stream.write_all(b"*2\r\n$4\r\nECHO\r\n$100000\r\nonly this")?;
                stuck.push(stream);
                continue;
            }
            // 16 KiB each of up to 64 MiB: more than any socket's buffers hold, so it stops before.
            let sent = send(&mut stream, 4096)?;
            ensure!(sent > 0, "the server takes no request");
            if client % 3 == 0 {
                stuck.push(stream);
            } else {
                slow.push(stream);
            }
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let slow = thread::spawn(move || sip(&mut slow, &until));
        Ok(Self {
            _streams: stuck,
            is_over,
            slow: Some(slow),
        })
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It has nothing to tell.
        let _ = self.slow.take().map(JoinHandle::join);
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

/// Reads a little of each now and then, and asks for more in its place.
fn sip(streams: &mut [TcpStream], is_over: &AtomicBool) {
    let mut sip = [0; SIP];
    let mut turns = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        for stream in &mut *streams {
            // Whatever comes of it, it stays as slow as it is.
            let _ = stream.read(&mut sip);
            if turns.is_multiple_of(VALUE / SIP) {
                let _ = send(stream, 1);
            }
        }
        turns += 1;
        thread::sleep(PAUSE);
    }
}
