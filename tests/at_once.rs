//! One handler on all runtimes at once, in one process, each served to clients on every other.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;
use std::thread;

use wirework::codec::Lines;
use wirework::{Connection, Context, Framed, Network, RunningServer, Server, connect};
use wirework_async_std::AsyncStd;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

/// The handler: it reverses lines.
async fn reverse<C: Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while let Some((line, mut out)) = lines.next_ref().await? {
        out.send(line.chars().rev().collect::<String>())?;
    }
    Ok(())
}

fn serve<N: Network>(network: &N) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    Server::new(network).serve_framed(listener, Lines::new(), reverse)
}

/// What a client hears from each server.
async fn visit<N: Network>(network: N, servers: Vec<String>) -> Vec<Option<String>> {
    let mut heard = Vec::new();
    for server in servers {
        let mut lines = Framed::new(connect(&network, &server).await.unwrap(), Lines::new());
        for line in ["stressed", "drawer"] {
            lines.send(line).await.unwrap();
        }
        lines.close().await.unwrap();
        for _ in 0..3 {
            heard.push(lines.next().await.unwrap());
        }
    }
    heard
}

#[test]
fn all_runtimes_serve_and_visit_each_other() {
    let (smol, async_std, tokio) = (Smol::new(1).unwrap(), AsyncStd::global(), Tokio::new(1).unwrap());
    let servers = [serve(&smol), serve(&async_std), serve(&tokio)];
    let addrs: Vec<_> = servers
        .iter()
        .map(|server| server.local_addr().unwrap().to_string())
        .collect();

    let visitors = [
        thread::spawn({
            let addrs = addrs.clone();
            move || smol.block_on(visit(smol.clone(), addrs))
        }),
        thread::spawn({
            let addrs = addrs.clone();
            move || async_std.block_on(visit(async_std.clone(), addrs))
        }),
        thread::spawn(move || tokio.block_on(visit(tokio.clone(), addrs))),
    ];
    let from_one = [Some("desserts"), Some("reward"), None];
    for visitor in visitors {
        let heard = visitor.join().unwrap();
        let heard: Vec<_> = heard.iter().map(Option::as_deref).collect();
        assert_eq!(heard, from_one.repeat(3));
    }
}
