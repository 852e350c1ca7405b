//! Commands whose replies are known without asking Redis.

use std::thread;
use std::time::Duration;

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::Reply;

on_each_runtime![
    keys_end_when_their_time_is_over,
    a_full_server_refuses_what_adds_to_it,
    who_does_not_know_the_password_may_do_nothing,
    scans_meet_what_was_there_all_the_time,
    replies_can_be_switched_off,
    a_new_version_of_the_protocol_has_new_types,
    clients_see_and_close_each_other,
    copies_can_be_taken_apart,
];

fn keys_end_when_their_time_is_over(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    for number in 0..500 {
        client.run(&format!("SET short:{number} x PX 50"));
    }
    assert_eq!(client.run("SET long x EX 1000"), Reply::ok());
    assert!(matches!(client.run("PTTL long"), Reply::Int(999_000..=1_000_000)));
    // They are removed without being asked for.
    while client.run("DBSIZE") != Reply::Int(1) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(client.run("GET short:7"), Reply::Null);
    let Reply::Bulk(stats) = client.run("INFO stats") else {
        panic!("INFO is text")
    };
    assert!(stats.contains("expired_keys:500\r\n"), "{stats}");
}

fn a_full_server_refuses_what_adds_to_it(runtime: &str) {
    let server = Server::kv_with(runtime, &["--maxmemory", "100kb"]);
    let mut client = server.client();
    let value = "x".repeat(1000);
    let mut stored = 0;
    let refusal = loop {
        match client.ask(&["SET", &format!("key:{stored}"), &value]) {
            Reply::Error(text) => break text,
            reply => assert_eq!(reply, Reply::ok()),
        }
        stored += 1;
    };
    assert_eq!(refusal, "OOM command not allowed when used memory > 'maxmemory'.");
    assert!(
        (80..=101).contains(&stored),
        "{stored} values of 1,000 bytes in 100 KiB"
    );
    assert_eq!(client.run("GET key:0"), Reply::Bulk(value.clone()));
    assert_eq!(client.run("MULTI"), Reply::ok());
    assert!(matches!(client.run("LPUSH list x"), Reply::Error(_)));
    let aborted = "EXECABORT Transaction discarded because of previous errors.";
    assert_eq!(client.run("EXEC"), Reply::error(aborted));
    assert_eq!(client.run("DEL key:0 key:1"), Reply::Int(2));
    assert_eq!(client.ask(&["SET", "key:0", &value]), Reply::ok());
    assert_eq!(client.run("CONFIG SET maxmemory 0"), Reply::ok());
    for number in 0..200 {
        assert_eq!(client.ask(&["SET", &format!("more:{number}"), &value]), Reply::ok());
    }
    // What is counted is given back to the last byte.
    assert_eq!(client.run("FLUSHALL"), Reply::ok());
    for command in [
        "RPUSH l a b c",
        "LTRIM l 1 1",
        "LREM l 0 b",
        "SADD s a b",
        "SPOP s 2",
        "ZADD z 1 a 2 b",
        "ZPOPMIN z 2",
        "HSET h f v",
        "HDEL h f",
        "SET t abc",
        "APPEND t def",
        "SETRANGE t 30 x",
        "DEL t",
        "HINCRBY n f 1",
        "DEL n",
        "ZADD z 1 a",
        "ZINCRBY z 5 a",
        "ZREMRANGEBYSCORE z 0 9",
        "RPUSH l a",
        "LSET l 0 something-longer-than-sixteen",
        "LPOP l",
    ] {
        assert!(!matches!(client.run(command), Reply::Error(_)), "{command}");
    }
    let Reply::Bulk(memory) = client.run("INFO memory") else {
        panic!("INFO is text")
    };
    assert!(memory.contains("used_memory:0\r\n"), "{memory}");
}

fn who_does_not_know_the_password_may_do_nothing(runtime: &str) {
    let server = Server::kv_with(runtime, &["--requirepass", "secret"]);
    let mut client = server.client();
    let refusal = Reply::error("NOAUTH Authentication required.");
    assert_eq!(client.run("GET key"), refusal);
    assert_eq!(client.run("PING"), refusal);
    let wrong = Reply::error("WRONGPASS invalid username-password pair or user is disabled.");
    assert_eq!(client.run("AUTH secre"), wrong);
    assert_eq!(client.run("AUTH other secret"), wrong);
    assert_eq!(client.run("AUTH secret"), Reply::ok());
    assert_eq!(client.run("GET key"), Reply::Null);
    // Before, commands could not be long; now they can.
    assert_eq!(client.ask(&["SET", "key", &"x".repeat(100_000)]), Reply::ok());
    assert_eq!(client.run("RESET"), Reply::Simple("RESET".to_owned()));
    assert_eq!(client.run("GET key"), refusal);

    let mut other = server.client();
    assert!(matches!(other.run("HELLO 3 AUTH default secret"), Reply::Other(..)));
    assert_eq!(other.run("STRLEN key"), Reply::Int(100_000));
}

fn scans_meet_what_was_there_all_the_time(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    for number in 0..1000 {
        client.run(&format!("SET stays:{number} x"));
        client.run(&format!("SET goes:{number} x"));
    }
    let (mut cursor, mut met, mut step) = ("0".to_owned(), std::collections::BTreeSet::new(), 0);
    loop {
        let Reply::Array(mut parts) = client.ask(&["SCAN", &cursor, "MATCH", "stays:*", "COUNT", "7"]) else {
            panic!("a cursor and keys")
        };
        let (Some(Reply::Array(keys)), Some(Reply::Bulk(next))) = (parts.pop(), parts.pop()) else {
            panic!("a cursor and keys")
        };
        met.extend(keys);
        // Meanwhile others add and remove.
        client.run(&format!("DEL goes:{} goes:{}", step * 3, 999 - step));
        client.run(&format!("SET comes:{step} x"));
        step += 1;
        cursor = next;
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(met.len(), 1000);
}

fn replies_can_be_switched_off(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    client.send(&["CLIENT", "REPLY", "SKIP"]);
    client.send(&["SET", "a", "1"]);
    assert_eq!(client.run("GET a"), Reply::bulk("1"));
    client.send(&["CLIENT", "REPLY", "OFF"]);
    client.send(&["SET", "a", "2"]);
    client.send(&["NONSENSE"]);
    assert_eq!(client.run("CLIENT REPLY ON"), Reply::ok());
    assert_eq!(client.run("GET a"), Reply::bulk("2"));
}

fn a_new_version_of_the_protocol_has_new_types(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    assert!(
        matches!(client.run("HELLO 3 SETNAME me"), Reply::Other(kind, values) if kind == "%" && values.len() == 14)
    );
    assert_eq!(client.run("CLIENT GETNAME"), Reply::bulk("me"));
    client.run("HSET h f v");
    let map = |values: &[&str]| Reply::Other("%".to_owned(), values.iter().map(|text| Reply::bulk(text)).collect());
    assert_eq!(client.run("HGETALL h"), map(&["f", "v"]));
    client.run("ZADD z 1.5 m");
    assert_eq!(client.run("ZSCORE z m"), Reply::Other(",1.5".to_owned(), Vec::new()));
    client.run("SADD s m");
    assert_eq!(
        client.run("SMEMBERS s"),
        Reply::Other("~".to_owned(), vec![Reply::bulk("m")])
    );
    assert_eq!(client.run("GET nothing"), Reply::Null);
    assert_eq!(
        client.run("HELLO 4"),
        Reply::error("NOPROTO unsupported protocol version")
    );
    client.run("HELLO 2");
    assert_eq!(client.run("HGETALL h"), Reply::bulks(&["f", "v"]));
}

fn clients_see_and_close_each_other(runtime: &str) {
    let server = Server::kv(runtime);
    let (mut one, mut other) = (server.client(), server.client());
    one.run("CLIENT SETNAME one");
    other.run("CLIENT SETNAME other");
    let Reply::Int(id) = other.run("CLIENT ID") else {
        panic!("a number")
    };
    let Reply::Bulk(list) = one.run("CLIENT LIST") else {
        panic!("text")
    };
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(
        list.contains(&format!("id={id} ")) && list.contains(" name=other "),
        "{list}"
    );
    assert_eq!(one.run(&format!("CLIENT KILL ID {id}")), Reply::Int(1));
    assert_eq!(other.next(), None);
    assert_eq!(one.run("CLIENT KILL 1.2.3.4:5"), Reply::error("ERR No such client"));
    assert_eq!(one.run("QUIT"), Reply::ok());
    assert_eq!(one.next(), None);
}

fn copies_can_be_taken_apart(runtime: &str) {
    let server = Server::kv(runtime);
    let mut client = server.client();
    // Too long to be kept in place, and of a length that is no power of two.
    let long = "x".repeat(21);
    for (fill, take) in [
        (format!("RPUSH original {long}"), "LPOP copy".to_owned()),
        (format!("HSET original {long} {long}"), format!("HDEL copy {long}")),
        (format!("SADD original {long}"), format!("SREM copy {long}")),
        (format!("ZADD original 1 {long}"), format!("ZREM copy {long}")),
    ] {
        client.run(&fill);
        assert_eq!(client.run("COPY original copy"), Reply::Int(1));
        client.run(&take);
        assert_eq!(client.run("EXISTS copy"), Reply::Int(0));
        assert_eq!(client.run("FLUSHALL"), Reply::ok());
    }
}
