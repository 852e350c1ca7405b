//! One connection of the client.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::script::Script;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// How many bytes of the script are sent, are due to be sent, and have come back.
    sent: u64,
    due: u64,
    received: u64,
    /// When requests became due, and how many of them.
    begun: VecDeque<(Instant, u64)>,
}

impl Connection {
    pub(super) fn open(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).with_context(|| format!("cannot connect to {addr}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            sent: 0,
            due: 0,
            received: 0,
            begun: VecDeque::new(),
        })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether the socket has no room for what is due.
    pub(super) fn is_blocked(&self) -> bool {
        self.sent < self.due
    }

    /// Makes `requests` more due, and sends what is.
    pub(super) fn ask(&mut self, script: &Script, requests: u64, now: Instant) -> Result<()> {
        if requests > 0 {
            self.begun.push_back((now, requests));
            self.due += requests * script.request_len() as u64;
        }
        while self.is_blocked() {
            let run = script.run(self.sent, usize::try_from(self.due - self.sent)?);
            match send(&self.stream, run, SendFlags::NOSIGNAL) {
                Ok(count) => self.sent += count as u64,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(io::Error::from(error)).context("the server does not take requests"),
            }
        }
        Ok(())
    }

    /// Reads once and checks what has come. Returns how many replies are whole by it, having recorded their latencies.
    pub(super) fn hear(&mut self, script: &Script, buf: &mut [u8], latency: &mut Histogram<u64>) -> Result<u64> {
        let count = match recv(&self.stream, &mut *buf, RecvFlags::empty()) {
            Ok((_, 0)) => bail!("the server has closed a connection"),
            Ok((_, count)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(error) => return Err(io::Error::from(error)).context("no reply can be read"),
        };
        ensure!(
            buf[..count] == *script.run(self.received, count),
            "a reply differs from its request, after {} right bytes",
            self.received
        );
        let len = script.request_len() as u64;
        let before = self.received / len;
        self.received += count as u64;
        let replies = self.received / len - before;
        self.record(replies, latency)?;
        Ok(replies)
    }

    fn record(&mut self, mut replies: u64, latency: &mut Histogram<u64>) -> Result<()> {
        if replies == 0 {
            return Ok(());
        }
        let now = Instant::now();
        while replies > 0 {
            let (begun, left) = self.begun.front_mut().context("more replies than requests")?;
            let count = replies.min(*left);
            let nanos = u64::try_from(now.duration_since(*begun).as_nanos())?;
            latency.saturating_record_n(nanos, count);
            *left -= count;
            replies -= count;
            if *left == 0 {
                self.begun.pop_front();
            }
        }
        Ok(())
    }
}
