//! Connections that stay idle: the crowd that a server has beside those which are busy.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::net::sockopt::set_socket_linger;

/// The arguments of `hold`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the server listens.
    #[arg(long, value_name = "ADDR")]
    connect: SocketAddr,
    /// How many connections to open.
    #[arg(long)]
    connections: usize,
}

/// Opens connections, says so, and keeps them until standard input ends, as it does when whoever has started this process is gone.
pub(crate) fn run(args: &Args) -> Result<()> {
    let connections: Vec<_> = (0..args.connections)
        .map(|_| open(args.connect))
        .collect::<Result<_>>()?;
    println!("holding {} connections", connections.len());
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// A connection that is reset when it is closed: of ten thousand that are not, the kernel would remember as many addresses, and take
/// long to find others.
fn open(addr: SocketAddr) -> Result<TcpStream> {
    let connection = TcpStream::connect(addr).with_context(|| format!("cannot connect to {addr}"))?;
    set_socket_linger(&connection, Some(Duration::ZERO))?;
    Ok(connection)
}

/// Idle connections in a process of their own, which may open as many files as this one. Dropping it closes them.
#[derive(Debug)]
pub(crate) struct Crowd {
    child: Child,
}

impl Crowd {
    /// Opens `connections` of them.
    pub(crate) fn gather(addr: SocketAddr, connections: usize) -> Result<Self> {
        let child = Command::new(env::current_exe()?)
            .args(["hold", "--connect", &addr.to_string()])
            .args(["--connections", &connections.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a process that holds connections")?;
        let mut crowd = Self { child };
        let mut line = String::new();
        let output = crowd.child.stdout.as_mut().context("standard output is piped")?;
        BufReader::new(output).read_line(&mut line)?;
        ensure!(
            line.starts_with("holding"),
            "the {connections} idle connections were not opened"
        );
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
