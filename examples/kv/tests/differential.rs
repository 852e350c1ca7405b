//! The same random commands to kv and to Redis itself: the replies are equal.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::{Client, Reply};

on_each_runtime![kv_answers_as_redis_does];

/// What commands are made of: `k` stands for a key, `v` for a value, `i` for an integer, `f` for a number, `t` for a time that is
/// not over before the test is, `e` for one since 1970, `m` for a member, `s` for a bound of scores, `l` for one of members.
///
/// Ranges of members mean something where all scores are the same, as those of `lex` are.
///
/// A command whose order of values is up to the server, or whose time is, begins with `~`.
const COMMANDS: &[&str] = &[
    "GET k",
    "SET k v",
    "SET k v NX",
    "SET k v XX",
    "SET k v GET",
    "SET k v EX t",
    "SET k v KEEPTTL",
    "SET k v PX t NX GET",
    "SET k v EXAT i",
    "SET k v NX XX",
    "SET k v EX 0",
    "SET k v EX t PX t",
    "GETEX k",
    "GETEX k PERSIST",
    "GETEX k EX t",
    "GETDEL k",
    "GETSET k v",
    "SETNX k v",
    "SETEX k t v",
    "SETEX k -1 v",
    "PSETEX k t v",
    "MGET k k k",
    "MSET k v k v",
    "MSET k v k",
    "MSETNX k v k v",
    "INCR k",
    "DECR k",
    "INCRBY k i",
    "DECRBY k i",
    "INCRBYFLOAT k f",
    "APPEND k v",
    "STRLEN k",
    "GETRANGE k i i",
    "SETRANGE k i v",
    "SETRANGE k 3 v",
    "DEL k",
    "DEL k k",
    "UNLINK k",
    "EXISTS k k k",
    "EXPIRE k t",
    "EXPIRE k t NX",
    "EXPIRE k t XX",
    "EXPIREAT k e GT",
    "EXPIREAT k e LT",
    "EXPIRE k t NX XX",
    "EXPIRE k -5",
    "PEXPIRE k t",
    "PEXPIREAT k i",
    "~EXPIRETIME k",
    "~TTL k",
    "PERSIST k",
    "TYPE k",
    "RENAME k k",
    "RENAMENX k k",
    "COPY k k",
    "COPY k k REPLACE",
    "COPY k k DB 3",
    "MOVE k 3",
    "TOUCH k k",
    "~DBSIZE",
    "SELECT 0",
    "SELECT 99",
    "SELECT x",
    "~KEYS *",
    "~KEYS k[1-3]",
    "LPUSH k v",
    "LPUSH k v v v",
    "RPUSH k v v",
    "LPUSHX k v",
    "RPUSHX k v",
    "LPOP k",
    "RPOP k",
    "LPOP k i",
    "RPOP k 2",
    "LLEN k",
    "LRANGE k i i",
    "LRANGE k 0 -1",
    "LINDEX k i",
    "LSET k i v",
    "LINSERT k BEFORE v v",
    "LINSERT k AFTER v v",
    "LREM k i v",
    "LTRIM k i i",
    "LMOVE k k LEFT RIGHT",
    "LMOVE k k RIGHT RIGHT",
    "RPOPLPUSH k k",
    "LPOS k v",
    "LPOS k v RANK i COUNT 0",
    "LPOS k v COUNT 1 MAXLEN 2",
    "BLPOP k k 0.001",
    "BLMOVE k k LEFT LEFT 0.001",
    "HSET k m v",
    "HSET k m v m v",
    "HSET k m",
    "HMSET k m v",
    "HSETNX k m v",
    "HGET k m",
    "HMGET k m m m",
    "~HGETALL k",
    "~HKEYS k",
    "~HVALS k",
    "HDEL k m m",
    "HEXISTS k m",
    "HLEN k",
    "HSTRLEN k m",
    "HINCRBY k m i",
    "HINCRBYFLOAT k m f",
    "SADD k m",
    "SADD k m m m",
    "SREM k m m",
    "~SMEMBERS k",
    "SISMEMBER k m",
    "SMISMEMBER k m m",
    "SCARD k",
    "SMOVE k k m",
    "~SINTER k k",
    "~SUNION k k k",
    "~SDIFF k k",
    "SINTERSTORE k k k",
    "SUNIONSTORE k k k",
    "SDIFFSTORE k k k",
    "SINTERCARD 2 k k",
    "SINTERCARD 2 k k LIMIT 1",
    "SINTERCARD 0 k",
    "~SPOP k 100",
    "~SRANDMEMBER k 100",
    "~HRANDFIELD k 100",
    "ZADD k f m",
    "ZADD k f m f m",
    "ZADD k NX f m",
    "ZADD k XX CH f m",
    "ZADD k GT f m",
    "ZADD k LT CH f m f m",
    "ZADD k INCR f m",
    "ZADD k NX GT f m",
    "ZADD k x m",
    "ZADD k f",
    "ZINCRBY k f m",
    "ZREM k m m",
    "ZCARD k",
    "ZSCORE k m",
    "ZMSCORE k m m",
    "ZRANK k m",
    "ZREVRANK k m",
    "ZPOPMIN k",
    "ZPOPMAX k 2",
    "ZRANGE k i i",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZREVRANGE k i i WITHSCORES",
    "ZRANGEBYSCORE k s s",
    "ZRANGEBYSCORE k s s LIMIT 1 2",
    "ZREVRANGEBYSCORE k s s WITHSCORES",
    "ZRANGE k s s BYSCORE",
    "ZRANGE k s s BYSCORE REV LIMIT 0 i",
    "ZRANGE k i i REV",
    "ZRANGE k i i LIMIT 0 1",
    "ZCOUNT k s s",
    "ZREMRANGEBYRANK k i i",
    "ZREMRANGEBYSCORE k s s",
    "ZADD lex 0 m",
    "ZRANGEBYLEX lex l l",
    "ZLEXCOUNT lex l l",
    "BZPOPMIN k 0.001",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH k",
    "UNWATCH",
    "PING",
    "PING v",
    "ECHO v",
    "GET",
    "GET k k",
    "NONSENSE k v",
    "PUBLISH v v",
    "PUBSUB NUMPAT",
    "RESET",
    "FLUSHDB",
    "FLUSHALL x",
    "CONFIG GET maxmemory-policy",
    "CONFIG SET nonsense 1",
    "CLIENT SETNAME v",
    "CLIENT GETNAME",
    "~CLIENT NONSENSE",
    "SMOVE k k",
    "HELLO 5",
    "AUTH v",
    "EXPIRE k x",
    "LRANGE k x 1",
    "ZRANGEBYSCORE k x 1",
    "BLPOP k x",
    "SETRANGE k -1 v",
];

/// A word for each placeholder of a command.
fn word() -> impl Strategy<Value = [String; 7]> {
    let key = (1..6).prop_map(|number| format!("k{number}"));
    let value = prop_oneof![
        "[a-c]{1,2}",
        (-20..20).prop_map(|number: i32| number.to_string()),
        "[a-z]{17,40}",
        Just("4611686018427387904".to_owned()),
        Just("3.5".to_owned()),
    ];
    let integer = prop_oneof![
        (-4..6).prop_map(|number: i32| number.to_string()),
        Just("100000000000".to_owned())
    ];
    // Halves, which both versions of numbers write alike.
    let float = (-10..10).prop_map(|number: i32| (f64::from(number) / 2.0).to_string());
    let member = "[a-e]";
    let score = prop_oneof![
        Just("-inf".to_owned()),
        Just("+inf".to_owned()),
        (-5..5).prop_map(|number: i32| number.to_string()),
        (-5..5).prop_map(|number: i32| format!("({number}")),
    ];
    let lex = prop_oneof![Just("-".to_owned()), Just("+".to_owned()), "[(\\[][a-e]"];
    (key, value, integer, float, member, score, lex).prop_map(<[String; 7]>::from)
}

fn command() -> impl Strategy<Value = (bool, Vec<String>)> {
    let words = proptest::collection::vec(word(), 12);
    (proptest::sample::select(COMMANDS), words).prop_map(|(template, words)| {
        let is_unordered = template.starts_with('~');
        let parts = template.trim_start_matches('~').split(' ').zip(words);
        let command = parts.map(|(part, [key, value, integer, float, member, score, lex])| match part {
            "k" => key,
            "v" => value,
            "i" => integer,
            "f" => float,
            "m" => member,
            "s" => score,
            "l" => lex,
            "t" => "10000".to_owned(),
            // Far off, so that it does not matter when exactly both are told.
            "e" => format!("41{}0000000", integer.len()),
            word => word.to_owned(),
        });
        (is_unordered, command.collect())
    })
}

fn sorted(reply: Reply) -> Reply {
    match reply {
        Reply::Array(mut values) => {
            values.sort();
            Reply::Array(values)
        }
        other => other,
    }
}

/// Runs the commands on both, from nothing.
fn compare(kv: &mut Client, redis: &mut Client, commands: &[(bool, Vec<String>)]) -> Result<(), TestCaseError> {
    for client in [&mut *kv, &mut *redis] {
        client.run("RESET");
        assert_eq!(client.run("FLUSHALL"), Reply::ok());
    }
    let mut in_transaction = false;
    for (is_unordered, words) in commands {
        // What a transaction replies comes in its own order, so what has none is left out of it.
        if *is_unordered && in_transaction {
            continue;
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words[0] {
            "MULTI" => in_transaction = true,
            "EXEC" | "DISCARD" | "RESET" => in_transaction = false,
            _ => {}
        }
        let (mut ours, mut theirs) = (kv.ask(&words), redis.ask(&words));
        if words[0] == "DBSIZE" {
            // A key that was set to have expired long ago is counted until it is removed, which each does in its own time.
            for _ in 0..1000 {
                if ours == theirs {
                    break;
                }
                thread::sleep(Duration::from_millis(5));
                (ours, theirs) = (kv.ask(&words), redis.ask(&words));
            }
            prop_assert_eq!(ours, theirs, "DBSIZE");
            continue;
        }
        if *is_unordered {
            (ours, theirs) = (sorted(ours), sorted(theirs));
            // A second may have begun in between.
            if let (Reply::Int(one), Reply::Int(other)) = (&ours, &theirs)
                && one.abs_diff(*other) <= 1
            {
                continue;
            }
        }
        if ours != theirs && matches!(words[0], "INCRBYFLOAT" | "HINCRBYFLOAT" | "EXEC") && is_rounding(&ours, &theirs)
        {
            // From here on the two hold different numbers.
            return Ok(());
        }
        prop_assert_eq!(ours, theirs, "{}", words.join(" "));
    }
    Ok(())
}

/// Whether the replies differ only in the last digits of numbers: Redis computes with 80 bits where the processor has them.
fn is_rounding(ours: &Reply, theirs: &Reply) -> bool {
    match (ours, theirs) {
        (Reply::Array(ours), Reply::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_rounding(ours, theirs))
        }
        (Reply::Bulk(one), Reply::Bulk(other)) if one != other => match (one.parse::<f64>(), other.parse::<f64>()) {
            (Ok(one), Ok(other)) => (one - other).abs() <= one.abs().max(other.abs()) * 1e-14,
            _ => false,
        },
        _ => ours == theirs,
    }
}

fn kv_answers_as_redis_does(runtime: &str) {
    let Some(redis) = Server::redis() else { return };
    let kv = Server::kv(runtime);
    let (mut ours, mut theirs) = (kv.client(), redis.client());
    let config = Config {
        cases: 100,
        failure_persistence: None,
        ..Config::default()
    };
    let cases = proptest::collection::vec(command(), 1..120);
    let run = std::cell::RefCell::new((&mut ours, &mut theirs));
    let result = TestRunner::new(config).run(&cases, |commands| {
        let clients = &mut *run.borrow_mut();
        compare(clients.0, clients.1, &commands)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
