//! The real `redis-server`, if it is installed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A server of its own on a port of the loopback, with nothing stored. It ends when it is dropped.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    addr: String,
    args: Vec<String>,
    dir: TempDir,
}

impl RedisServer {
    /// Starts one with these arguments; `None`, and a word about it, where it is not installed.
    pub(crate) fn start(args: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            eprintln!("redis-server is not installed, so this is not tested");
            return None;
        }
        let dir = TempDir::new().unwrap();
        let args: Vec<_> = args.iter().map(ToString::to_string).collect();
        // Redis cannot choose a port itself, and somebody else may take the one that was free; then the next one is.
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(child) = spawn(port, &args, &dir) {
                let addr = format!("127.0.0.1:{port}");
                return Some(Self {
                    child,
                    port,
                    addr,
                    args,
                    dir,
                });
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn addr(&self) -> &str {
        &self.addr
    }

    /// Kills it, and starts another one in its place.
    pub(crate) fn restart(&mut self) {
        self.kill();
        for _ in 0..20 {
            if let Some(child) = spawn(self.port, &self.args, &self.dir) {
                self.child = child;
                return;
            }
        }
        panic!("redis-server does not start again");
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that takes connections; `None` if it ends before it does.
fn spawn(port: u16, args: &[String], dir: &TempDir) -> Option<Child> {
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
            "--dir",
        ])
        .arg(dir.path())
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ready = lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections")));
    if is_ready {
        // It goes on writing there, and must not block.
        std::thread::spawn(move || lines.for_each(drop));
        return Some(child);
    }
    child.wait().unwrap();
    None
}
