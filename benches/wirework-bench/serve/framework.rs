//! wirework's servers: the loop that everybody writes first, on any runtime.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::{LengthDelimited, Lines};
use wirework::{Connection, Context, Framed, Network, Server};

use super::{Deadlines, Running};
use crate::protocol::Protocol;

pub(super) fn start<N: Network>(
    network: N,
    protocol: Protocol,
    deadlines: Deadlines,
    listen: SocketAddr,
) -> Result<Running> {
    let listener = network.listen_tcp(listen)?;
    let server = Server::new(&network)
        .max_connections(1_000_000)
        .deadlines(settings(deadlines));
    let running = match protocol {
        Protocol::Echo => server.serve(listener, echo),
        Protocol::Framed => server.serve_framed(listener, LengthDelimited::new(), borrowed),
        Protocol::FramedOwned => server.serve_framed(listener, LengthDelimited::new(), owned),
        Protocol::Lines => server.serve_framed(listener, Lines::new(), lines),
    };
    let addr = running.local_addr()?.ip().context("the listener has no address")?;
    Ok(Running::new(addr, (running, network)))
}

fn settings(deadlines: Deadlines) -> wirework::Deadlines {
    match deadlines {
        Deadlines::Default => wirework::Deadlines::new(),
        Deadlines::None => wirework::Deadlines::none(),
        // None that would be missed, and all of them sooner than they are by default.
        Deadlines::All => wirework::Deadlines::new()
            .handshake(Duration::from_secs(5))
            .first_frame(Duration::from_secs(20))
            .idle(Duration::from_mins(1))
            .frame(Duration::from_secs(10))
            .write(Duration::from_secs(10))
            .request(Duration::from_secs(10))
            .lifetime(Duration::from_hours(1))
            .min_rate((1000, Duration::from_secs(5))),
    }
}

async fn echo<C: Connection>(mut connection: C, _: Context) -> io::Result<()> {
    let mut buf = vec![0; 16 * 1024];
    loop {
        let count = connection.read(&mut buf).await?;
        if count == 0 {
            return Ok(());
        }
        connection.write_all(&buf[..count]).await?;
    }
}

async fn borrowed<C: Connection>(mut framed: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some((frame, mut out)) = framed.next_ref().await? {
        out.send(frame)?;
    }
    Ok(())
}

async fn owned<C: Connection>(mut framed: Framed<C, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some(frame) = framed.next().await? {
        framed.send(frame).await?;
    }
    Ok(())
}

async fn lines<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while let Some((line, mut out)) = framed.next_ref().await? {
        out.send(line)?;
    }
    Ok(())
}
