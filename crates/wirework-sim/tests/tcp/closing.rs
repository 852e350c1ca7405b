//! How a connection ends, and what each side is told of it.

use std::io::ErrorKind;

use futures_lite::AsyncWriteExt;
use wirework::Connection;
use wirework_sim::Config;

use crate::pair::{Pair, SECOND, read, write};

#[test]
fn what_was_received_before_a_reset_stays_readable() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        pair.client.write_all(b"last").await.unwrap();
        sim.sleep(SECOND).await;
        assert_eq!(sim.reset_connections(&pair.client_host, &pair.server_host), 1);
        assert_eq!(read(&mut pair.server).await, Ok(4));
        assert_eq!(read(&mut pair.server).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
    });
}

#[test]
fn a_reset_on_an_idle_connection_is_told_once() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        sim.reset_connections(&pair.client_host, &pair.server_host);
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::ConnectionReset));
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
        assert_eq!(pair.server.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn after_the_end_the_first_write_succeeds() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        drop(pair.client);
        assert_eq!(read(&mut pair.server).await, Ok(0));
        assert_eq!(write(&mut pair.server).await, Ok(1));
        sim.sleep(SECOND).await;
        assert_eq!(write(&mut pair.server).await, Err(ErrorKind::BrokenPipe));
        assert_eq!(read(&mut pair.server).await, Ok(0));
    });
}

#[test]
fn what_is_closed_unread_is_reset() {
    let mut pair = Pair::new(Config::new());
    let sim = pair.sim.clone();
    sim.run(async {
        pair.client.write_all(b"unread").await.unwrap();
        sim.sleep(SECOND).await;
        drop(pair.server);
        assert_eq!(read(&mut pair.client).await, Err(ErrorKind::ConnectionReset));
    });
}
