//! Clients that do not read: others go on, and memory stays bounded.

use std::io::{ErrorKind, Write};

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::{Client, Reply, encode};

on_each_runtime![clients_that_do_not_read_harm_nobody];

const STUCK: usize = 64;

/// Sends as much as the server takes, and reads nothing.
fn stick(mut client: Client) -> Client {
    client.stream().set_nonblocking(true).unwrap();
    let batch = encode(&["GET", "large"]).repeat(100);
    for _ in 0..500 {
        match client.stream().write(&batch) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    client
}

fn clients_that_do_not_read_harm_nobody(runtime: &str) {
    let server = Server::kv(runtime);
    let mut well = server.client();
    // All of the replies would be 64 clients * 50,000 commands * 16 KiB: 52 GB.
    well.ask(&["SET", "large", &"x".repeat(16 * 1024)]);
    let before = server.memory();
    let stuck: Vec<_> = (0..STUCK).map(|_| stick(server.client())).collect();
    // And some that stop inside of a command, a large one.
    let halves: Vec<_> = (0..STUCK)
        .map(|_| {
            let mut client = server.client();
            client.raw(b"*2\r\n$4\r\nECHO\r\n$100000000\r\nonly this");
            client
        })
        .collect();
    for number in 1..=5000 {
        assert_eq!(well.run("INCR count"), Reply::Int(number));
    }
    let each = server.memory().saturating_sub(before) / STUCK;
    println!("{each} bytes for each client that is stuck");
    assert!(each < 1_000_000, "{each} bytes for each client that is stuck");
    drop((stuck, halves));
    assert_eq!(well.run("GET count"), Reply::bulk("5000"));
}
