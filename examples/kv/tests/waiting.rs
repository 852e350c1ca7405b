//! Clients that wait for each other: blocking pops, transactions that watch, and messages.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::{Client, Reply, encode};

on_each_runtime![
    who_waited_longest_is_served_first,
    a_wait_ends_when_its_time_is_over,
    who_has_gone_takes_nothing,
    an_item_is_moved_on_its_way,
    what_came_behind_a_waiting_command_is_answered_after_it,
    a_wait_ends_with_the_server,
    what_is_watched_spoils_a_transaction,
    transactions_are_seen_whole,
    messages_reach_all_subscribers_in_order,
    a_subscriber_that_does_not_read_is_cut_off,
];

/// Until so many clients wait for something.
fn settle(client: &mut Client, waiting: usize) {
    let waiting = format!("blocked_clients:{waiting}\r\n");
    while !matches!(client.run("INFO clients"), Reply::Bulk(text) if text.contains(&waiting)) {
        thread::sleep(Duration::from_millis(1));
    }
}

fn who_waited_longest_is_served_first(runtime: &str) {
    let server = Server::kv(runtime);
    let mut pusher = server.client();
    let mut waiting: Vec<_> = (0..3).map(|_| server.client()).collect();
    for (place, client) in waiting.iter_mut().enumerate() {
        client.send(&["BLPOP", "other", "list", "0"]);
        settle(&mut pusher, place + 1);
    }
    assert_eq!(pusher.run("RPUSH list a b"), Reply::Int(2));
    assert_eq!(waiting[0].reply(), Reply::bulks(&["list", "a"]));
    assert_eq!(waiting[1].reply(), Reply::bulks(&["list", "b"]));
    assert_eq!(pusher.run("EXISTS list"), Reply::Int(0));
    pusher.run("RPUSH other c");
    assert_eq!(waiting[2].reply(), Reply::bulks(&["other", "c"]));
    // They can go on.
    assert_eq!(waiting[2].run("PING"), Reply::Simple("PONG".to_owned()));
}

fn a_wait_ends_when_its_time_is_over(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    assert_eq!(client.run("BLPOP list 0.05"), Reply::NullArray);
    assert_eq!(client.run("BLMOVE a b LEFT RIGHT 0.05"), Reply::NullArray);
    assert_eq!(client.run("BLPOP list -1"), Reply::error("ERR timeout is negative"));
    assert_eq!(
        client.run("BLPOP list x"),
        Reply::error("ERR timeout is not a float or out of range")
    );
    // Nobody waits any more, so nobody takes it.
    assert_eq!(client.run("RPUSH list a"), Reply::Int(1));
    assert_eq!(client.run("BRPOP list 0"), Reply::bulks(&["list", "a"]));
}

fn who_has_gone_takes_nothing(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    for behind in 0..10 {
        // Some with more to be answered afterwards, which must not hide that they have gone.
        let waiting = encode(&["BLPOP", "list", "0"]);
        let ping = encode(&["PING"]).repeat(behind);
        server.client().raw(&[waiting, ping].concat());
    }
    // All of them have come, and all have gone.
    let all_came = |stats: &str| stats.contains("total_connections_received:11\r\n");
    while !matches!(client.run("INFO stats"), Reply::Bulk(stats) if all_came(&stats))
        || !matches!(client.run("CLIENT LIST"), Reply::Bulk(list) if list.lines().count() == 1)
    {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.run("RPUSH list a"), Reply::Int(1));
    assert_eq!(client.run("LRANGE list 0 -1"), Reply::bulks(&["a"]));
}

fn an_item_is_moved_on_its_way(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut first, mut second, mut pusher) = (server.client(), server.client(), server.client());
    first.send(&["BLMOVE", "from", "middle", "LEFT", "LEFT", "0"]);
    settle(&mut pusher, 1);
    second.send(&["BLPOP", "middle", "0"]);
    settle(&mut pusher, 2);
    pusher.run("RPUSH from item");
    assert_eq!(first.reply(), Reply::bulk("item"));
    assert_eq!(second.reply(), Reply::bulks(&["middle", "item"]));
    // A target that is no list is told to who waits, and the item stays.
    first.send(&["BLMOVE", "from", "text", "LEFT", "LEFT", "0"]);
    settle(&mut pusher, 1);
    pusher.run("SET text x");
    pusher.run("RPUSH from item");
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    assert_eq!(first.reply(), Reply::error(wrong));
    assert_eq!(pusher.run("LLEN from"), Reply::Int(1));
    // Members of sorted sets can be waited for, too.
    first.send(&["BZPOPMIN", "sorted", "0"]);
    settle(&mut pusher, 1);
    pusher.run("ZADD sorted 2 b 1 a");
    assert_eq!(first.reply(), Reply::bulks(&["sorted", "a", "1"]));
}

fn what_came_behind_a_waiting_command_is_answered_after_it(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut client, mut pusher) = (server.client(), server.client());
    client.send(&["PING"]);
    client.send(&["BLPOP", "list", "0"]);
    client.send(&["ECHO", "one"]);
    client.send(&["ECHO", "two"]);
    // What was answered before the wait has left, though there is more to read.
    assert_eq!(client.reply(), Reply::Simple("PONG".to_owned()));
    pusher.run("RPUSH list a");
    assert_eq!(client.reply(), Reply::bulks(&["list", "a"]));
    assert_eq!(client.reply(), Reply::bulk("one"));
    assert_eq!(client.reply(), Reply::bulk("two"));
}

fn a_wait_ends_with_the_server(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut alone, mut followed, mut other) = (server.client(), server.client(), server.client());
    alone.send(&["BLPOP", "list", "0"]);
    followed.send(&["BLPOP", "list", "0"]);
    followed.send(&["ECHO", "behind"]);
    settle(&mut other, 2);
    drop(other);
    server.signal();
    assert_eq!(alone.reply(), Reply::NullArray);
    assert_eq!(alone.next(), None);
    assert_eq!(followed.reply(), Reply::NullArray);
    assert_eq!(followed.reply(), Reply::bulk("behind"));
    assert_eq!(followed.next(), None);
    assert!(server.finish().contains(" 0 cut"));
}

fn what_is_watched_spoils_a_transaction(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut one, mut other) = (server.client(), server.client());
    one.run("SET a 1");
    one.run("WATCH a b");
    other.run("DEL b");
    one.run("MULTI");
    assert_eq!(one.run("INCR a"), Reply::Simple("QUEUED".to_owned()));
    assert_eq!(one.run("EXEC"), Reply::Array(vec![Reply::Int(2)]));
    for change in ["SET a 5", "EXPIRE a 100", "DEL a", "RENAME c a", "FLUSHALL"] {
        other.run("SET a 1");
        other.run("SET c 1");
        one.run("WATCH a");
        other.run(change);
        one.run("MULTI");
        one.run("SET reached yes");
        assert_eq!(one.run("EXEC"), Reply::NullArray, "{change}");
    }
    assert_eq!(one.run("EXISTS reached"), Reply::Int(0));
    // So does its end, even if nobody has looked.
    one.run("SET a 1 PX 20");
    one.run("WATCH a");
    thread::sleep(Duration::from_millis(30));
    one.run("MULTI");
    one.run("PING");
    assert_eq!(one.run("EXEC"), Reply::NullArray);
    // A refused command spoils it, too, and one that fails does not.
    one.run("MULTI");
    one.run("NONSENSE");
    assert!(matches!(one.run("EXEC"), Reply::Error(text) if text.starts_with("EXECABORT")));
    one.run("SET text x");
    one.run("MULTI");
    one.run("INCR text");
    one.run("BLPOP nothing 0");
    one.run("ECHO x");
    let failed = Reply::error("ERR value is not an integer or out of range");
    assert_eq!(
        one.run("EXEC"),
        Reply::Array(vec![failed, Reply::NullArray, Reply::bulk("x")])
    );
}

fn transactions_are_seen_whole(runtime: &str) {
    let server = Arc::new(Server::kv(runtime));
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let server = Arc::clone(&server);
            thread::spawn(move || {
                let mut client = server.client();
                for _ in 0..200 {
                    for command in ["MULTI", "INCR a", "MSET c x d x", "INCR b", "EXEC"] {
                        client.run(command);
                    }
                }
            })
        })
        .collect();
    let mut reader = server.client();
    let mut last = String::new();
    while last != "600" {
        let Reply::Array(values) = reader.run("MGET a b") else {
            panic!("an array")
        };
        assert_eq!(values[0], values[1]);
        if let Reply::Bulk(value) = &values[0] {
            last.clone_from(value);
        }
    }
    for writer in writers {
        writer.join().unwrap();
    }
}

fn messages_reach_all_subscribers_in_order(runtime: &str) {
    let server = Server::kv(runtime);
    let mut publisher = server.client();
    let mut subscribers: Vec<_> = (0..20).map(|_| server.client()).collect();
    for (place, client) in subscribers.iter_mut().enumerate() {
        let (command, name) = if place % 2 == 0 {
            ("SUBSCRIBE", "news")
        } else {
            ("PSUBSCRIBE", "n*s")
        };
        let reply = client.ask(&[command, name]);
        let word = command.to_ascii_lowercase();
        assert_eq!(
            reply,
            Reply::Array(vec![Reply::bulk(&word), Reply::bulk(name), Reply::Int(1)])
        );
    }
    for number in 0..100 {
        publisher.send(&["PUBLISH", "news", &number.to_string()]);
    }
    for _ in 0..100 {
        assert_eq!(publisher.reply(), Reply::Int(20));
    }
    for (place, client) in subscribers.iter_mut().enumerate() {
        for number in 0..100 {
            let number = number.to_string();
            let expected = if place % 2 == 0 {
                Reply::bulks(&["message", "news", &number])
            } else {
                Reply::bulks(&["pmessage", "n*s", "news", &number])
            };
            assert_eq!(client.reply(), expected);
        }
    }
    assert_eq!(
        publisher.run("PUBSUB NUMSUB news"),
        Reply::Array(vec![Reply::bulk("news"), Reply::Int(10)])
    );
    let client = &mut subscribers[0];
    let refused = "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                   this context";
    assert_eq!(client.run("GET a"), Reply::error(refused));
    assert_eq!(client.run("PING"), Reply::bulks(&["pong", ""]));
    assert_eq!(
        client.run("UNSUBSCRIBE"),
        Reply::Array(vec![Reply::bulk("unsubscribe"), Reply::bulk("news"), Reply::Int(0)])
    );
    assert_eq!(client.run("GET a"), Reply::Null);
}

fn a_subscriber_that_does_not_read_is_cut_off(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut stuck, mut well, mut publisher) = (server.client(), server.client(), server.client());
    stuck.run("SUBSCRIBE news");
    well.run("SUBSCRIBE news");
    let news = "x".repeat(100_000);
    // The limit is 32 MiB, and sockets hold a few.
    let mut sent = 0;
    while publisher.ask(&["PUBLISH", "news", &news]) == Reply::Int(2) {
        assert_eq!(well.reply(), Reply::bulks(&["message", "news", &news]));
        sent += 1;
        assert!(sent < 1000, "100 MB wait for it");
    }
    assert!(sent > 300, "cut off after {sent} messages");
    assert!(server.memory() < 150_000_000, "{} bytes", server.memory());
    assert_eq!(well.reply(), Reply::bulks(&["message", "news", &news]));
}
