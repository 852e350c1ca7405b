//! The servers that are compared, as processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::PATIENCE;

/// A running server. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: String,
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Redis, which keeps nothing on disk and is in the same state as kv otherwise.
    pub(super) fn redis(program: &Path) -> Result<Self> {
        // It cannot choose a port by itself.
        let addr = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let child = Command::new(program)
            .args(["--port", &addr.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let server = Self {
            name: "redis-server".to_owned(),
            child,
            addr,
        };
        server.answers()?;
        Ok(server)
    }

    /// kv, on a runtime.
    pub(super) fn kv(program: &Path, runtime: &str, threads: usize) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--runtime", runtime])
            .args(["--threads", &threads.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}: cargo build --release -p kv", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().context("standard output is piped")?).read_line(&mut line)?;
        let addr = line.trim().strip_prefix("listening on ");
        let addr = addr
            .with_context(|| format!("kv on {runtime} did not start"))?
            .parse()?;
        let server = Self {
            name: format!("kv on {runtime}"),
            child,
            addr,
        };
        server.answers()?;
        Ok(server)
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it has had so far, in bytes.
    pub(super) fn peak_memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kilobytes.context("the kernel tells the memory of a process")? * 1024)
    }

    /// Waits until it answers.
    fn answers(&self) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Ok(mut stream) = TcpStream::connect(self.addr) {
                stream.write_all(b"PING\r\n")?;
                let mut pong = [0; 7];
                stream.read_exact(&mut pong)?;
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        bail!("{} does not answer", self.name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
