//! The `redis-server` that the clients call.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Dropping it kills the process.
pub(super) struct Server {
    child: Child,
    addr: String,
}

impl Server {
    /// Starts one on a port of the loopback, on the cores of the calling thread.
    pub(super) fn start() -> Result<Self> {
        // Redis cannot choose a port itself.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start redis-server; is it installed?")?;
        let mut lines = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();
        if !lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections"))) {
            child.wait()?;
            bail!("redis-server did not start");
        }
        // It goes on writing there, and must not block.
        thread::spawn(move || lines.for_each(drop));
        let addr = format!("127.0.0.1:{port}");
        Ok(Self { child, addr })
    }

    pub(super) fn addr(&self) -> &str {
        &self.addr
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
