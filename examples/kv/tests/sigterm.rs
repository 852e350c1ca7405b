//! The end of the server under load: what it has read it answers.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::{Client, Reply, encode};

on_each_runtime![what_was_read_before_sigterm_is_answered];

/// How often the server is ended.
const ROUNDS: usize = 50;

/// How many clients there are, and how many commands they send at a time.
const CLIENTS: usize = 4;
const DEPTH: usize = 64;

/// A client counts up, many commands at a time, until the connection ends. Returns how many replies it got after the signal's
/// sender was told that this client is at work.
fn count_up(mut client: Client, name: &str, at_work: &AtomicBool) -> i64 {
    let batch = encode(&["INCR", name]).repeat(DEPTH);
    let mut last = 0;
    'batches: loop {
        // A server that has ended takes no more, but what it has answered is still there to be read.
        let sent = client.stream().write_all(&batch);
        for _ in 0..DEPTH {
            match client.next() {
                // None is lost and none is answered twice.
                Some(Reply::Int(value)) => {
                    assert_eq!(value, last + 1);
                    last = value;
                }
                Some(other) => panic!("{other:?}"),
                None => break 'batches,
            }
        }
        at_work.store(true, Ordering::Relaxed);
        if sent.is_err() {
            break;
        }
    }
    last
}

fn what_was_read_before_sigterm_is_answered(runtime: &str) {
    let mut cut_within = 0;
    for _ in 0..ROUNDS {
        let server = Server::kv(runtime);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let client = server.client();
                let at_work = Arc::new(AtomicBool::new(false));
                let told = Arc::clone(&at_work);
                (
                    at_work,
                    thread::spawn(move || count_up(client, &format!("count:{number}"), &told)),
                )
            })
            .collect();
        // One whose whole batch surely was read: it has the first reply of it, and the batch is one write of the system.
        let mut sure = server.client();
        sure.raw(&encode(&["INCR", "sure"]).repeat(DEPTH));
        assert_eq!(sure.reply(), Reply::Int(1));
        while clients.iter().any(|(at_work, _)| !at_work.load(Ordering::Relaxed)) {
            thread::yield_now();
        }
        server.signal();
        for number in 2..=i64::try_from(DEPTH).unwrap() {
            assert_eq!(
                sure.next(),
                Some(Reply::Int(number)),
                "a command that was read has no reply"
            );
        }
        // Then, and not before, the end.
        assert_eq!(sure.next(), None);
        sure.stream().shutdown(Shutdown::Both).ok();
        for (_, client) in clients {
            let answered = client.join().unwrap();
            assert!(answered > 0);
            cut_within += usize::from(answered % i64::try_from(DEPTH).unwrap() != 0);
        }
        let report = server.finish();
        assert!(report.contains(" 0 failed, 0 panicked, 0 timed out, 0 cut"), "{report}");
    }
    println!("{cut_within} of {} batches were cut between commands", ROUNDS * CLIENTS);
}
