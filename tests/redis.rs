//! The client of `wirework-resp` against the real `redis-server`, where that is installed; each test says so where it is not.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "redis/installed.rs"]
mod installed;
#[path = "redis/protocol_errors.rs"]
mod protocol_errors;
#[path = "redis/subscriptions.rs"]
mod subscriptions;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_lite::future::{or, zip};
use wirework::{Connection, Framed, Network, memory};
use wirework_resp::{
    CommandDecoder, ErrorCode, Redis, RedisError, RedisOptions, ReplyEncoder, ReplyWriter, ServerError, SetOptions,
    Value, Version, cmd,
};
use wirework_tests::on_each_runtime;

use self::installed::RedisServer;

on_each_runtime!(
    common_commands_in_both_versions,
    log_in_and_database,
    a_refused_log_in_says_why,
    errors_have_a_code,
    many_tasks_share_a_connection,
    pipelines_and_transactions,
    long_values_come_back,
    what_would_confuse_replies_is_refused,
    a_server_that_comes_back,
    the_server_pushes,
    a_server_of_old_is_spoken_to_in_resp2,
    nobody_there,
);

/// Options that come back at once, so that tests need not wait.
fn options() -> RedisOptions {
    RedisOptions::new().backoff(Duration::from_millis(1), Duration::from_millis(20))
}

async fn common_commands_in_both_versions<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    for version in [Version::Resp2, Version::Resp3] {
        let redis = Redis::connect(&network, server.addr(), options().version(version)).await?;
        redis.ping().await?;
        strings(&redis).await?;
        keys(&redis).await?;
        collections(&redis).await?;
        redis.flush_db().await?;
        redis.close().await;
        assert!(matches!(redis.ping().await, Err(RedisError::Call(_))));
    }
    Ok(())
}

async fn strings(redis: &Redis) -> Result<(), RedisError> {
    assert_eq!(redis.get("key").await?, None);
    redis.set("key", "value").await?;
    assert_eq!(redis.get("key").await?.unwrap(), "value");
    assert!(!redis.set_with("key", "x", SetOptions::new().if_absent()).await?);
    assert!(redis.set_with("key", "y", SetOptions::new().if_present()).await?);
    let hour = SetOptions::new().expires_in(Duration::from_hours(1));
    assert_eq!(redis.set_and_get("key", "z", hour).await?.unwrap(), "y");
    let ttl = redis.ttl("key").await?.unwrap();
    assert!(ttl > Duration::from_mins(50) && ttl <= Duration::from_hours(1));
    assert!(redis.set_with("key", "z", SetOptions::new().keep_expiry()).await?);
    assert!(redis.persist("key").await?);
    assert_eq!(redis.ttl("key").await?, None);
    assert_eq!(redis.append("key", "zz").await?, 3);
    assert_eq!(redis.strlen("key").await?, 3);
    assert_eq!(redis.get_del("key").await?.unwrap(), "zzz");

    assert_eq!(redis.incr("count").await?, 1);
    assert_eq!(redis.incr_by("count", -11).await?, -10);
    assert!((redis.incr_by_float("float", 1.5).await? - 1.5).abs() < f64::EPSILON);
    redis.mset([("a", "1"), ("b", "2")]).await?;
    assert_eq!(
        redis.mget(["a", "none", "b"]).await?,
        [Some("1".into()), None, Some("2".into())]
    );
    let number: i64 = redis.query(cmd("GET").arg("count")).await?;
    assert_eq!(number, -10);
    Ok(())
}

async fn keys(redis: &Redis) -> Result<(), RedisError> {
    assert_eq!(redis.exists(["a", "b", "none"]).await?, 2);
    assert!(redis.expire("a", Duration::from_secs(100)).await?);
    assert!(!redis.expire("none", Duration::from_secs(100)).await?);
    redis.rename("b", "c").await?;
    assert_eq!(redis.key_type("c").await?, "string");
    assert_eq!(redis.del(["a", "b", "c"]).await?, 2);
    assert_eq!(redis.publish("nobody", "hears").await?, 0);
    Ok(())
}

async fn collections(redis: &Redis) -> Result<(), RedisError> {
    assert_eq!(redis.hset("hash", [("a", "1"), ("b", "2")]).await?, 2);
    assert_eq!(redis.hget("hash", "a").await?.unwrap(), "1");
    assert_eq!(redis.hincr_by("hash", "a", 6).await?, 7);
    assert_eq!(redis.hdel("hash", ["b", "c"]).await?, 1);
    assert_eq!(redis.hgetall("hash").await?, BTreeMap::from([("a".into(), "7".into())]));

    assert_eq!(redis.rpush("list", ["b", "c"]).await?, 2);
    assert_eq!(redis.lpush("list", ["a"]).await?, 3);
    assert_eq!(redis.lrange("list", 0, -1).await?, ["a", "b", "c"]);
    assert_eq!(redis.lpop("list").await?.unwrap(), "a");
    assert_eq!(redis.rpop("list").await?.unwrap(), "c");
    assert_eq!(redis.llen("list").await?, 1);

    assert_eq!(redis.sadd("set", ["a", "b", "a"]).await?, 2);
    assert!(redis.sismember("set", "a").await? && !redis.sismember("set", "c").await?);
    assert_eq!(redis.srem("set", ["a"]).await?, 1);
    assert_eq!(redis.smembers("set").await?, ["b"]);
    assert_eq!(redis.scard("set").await?, 1);

    assert_eq!(redis.zadd("scores", [(1.5, "a"), (-2.0, "b"), (1e100, "c")]).await?, 3);
    assert_eq!(redis.zscore("scores", "a").await?, Some(1.5));
    assert_eq!(redis.zscore("scores", "none").await?, None);
    assert_eq!(redis.zrange("scores", 0, -1).await?, ["b", "a", "c"]);
    assert_eq!(redis.zrem("scores", ["a"]).await?, 1);
    assert_eq!(redis.zcard("scores").await?, 2);
    let with_scores: BTreeMap<String, f64> = redis
        .query(cmd("ZRANGE").args(["scores", "0", "-1", "WITHSCORES"]))
        .await?;
    assert_eq!(with_scores, BTreeMap::from([("b".into(), -2.0), ("c".into(), 1e100)]));
    Ok(())
}

async fn log_in_and_database<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&["--requirepass", "secret"]) else {
        return Ok(());
    };
    for version in [Version::Resp2, Version::Resp3] {
        let options = options().version(version).password("secret").database(3).name("tester");
        let redis = Redis::connect(&network, server.addr(), options.clone()).await?;
        redis.set("where", "3").await?;
        let name: String = redis.query(cmd("CLIENT").arg("GETNAME")).await?;
        assert_eq!(name, "tester");
        let elsewhere = Redis::connect(&network, server.addr(), options.database(0).user("default")).await?;
        assert_eq!(elsewhere.get("where").await?, None);
    }
    Ok(())
}

async fn a_refused_log_in_says_why<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&["--requirepass", "secret"]) else {
        return Ok(());
    };
    for version in [Version::Resp2, Version::Resp3] {
        let options = options().version(version).password("wrong");
        let error = Redis::connect(&network, server.addr(), options).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("WRONGPASS"), "{error}");
    }
    let options = options().version(Version::Resp2);
    let redis = Redis::connect(&network, server.addr(), options).await?;
    assert_eq!(redis.get("key").await.unwrap_err().code(), Some(ErrorCode::NoAuth));
    Ok(())
}

async fn errors_have_a_code<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    redis.rpush("list", ["x"]).await?;
    let error = redis.get("list").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::WrongType));
    assert_eq!(
        error.to_string(),
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    );
    assert_eq!(
        redis.query::<()>(cmd("NONSENSE")).await.unwrap_err().code(),
        Some(ErrorCode::Err)
    );
    let raw = redis.cmd(cmd("GET").arg("list")).await?;
    assert_eq!(raw, Value::Error(ServerError::new(error.to_string())));
    let error = redis.query::<i64>(cmd("ECHO").arg("x")).await.unwrap_err();
    assert!(matches!(error, RedisError::Unexpected { .. }));
    Ok(())
}

async fn many_tasks_share_a_connection<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options().max_in_flight(32)).await?;
    let tasks: Vec<_> = (0..50).map(|task| network.spawn(echo(redis.clone(), task))).collect();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    assert_eq!(redis.connections(), 1);
    Ok(())
}

/// Every reply is that to its own command, though every third command is given up.
async fn echo(redis: Redis, task: u32) -> Result<(), RedisError> {
    for number in 0..100 {
        let text = format!("{task}:{number}");
        let call = redis.query::<String>(cmd("ECHO").arg(&text));
        if number % 3 == 0 {
            let given_up = async {
                futures_lite::future::yield_now().await;
                Ok(text.clone())
            };
            assert_eq!(or(call, given_up).await?, text);
        } else {
            assert_eq!(call.await?, text);
        }
    }
    Ok(())
}

async fn pipelines_and_transactions<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    let incr = || cmd("INCR").arg("count");
    let (some, (one, others)) = zip(
        redis.pipeline([incr(), cmd("NONSENSE"), incr()]),
        zip(redis.incr("other"), redis.pipeline([incr()])),
    )
    .await;
    let some = some?;
    assert_eq!((&some[0], &some[2]), (&Value::Integer(1), &Value::Integer(2)));
    assert!(matches!(&some[1], Value::Error(_)));
    assert_eq!((one?, others?), (1, vec![Value::Integer(3)]));
    assert_eq!(redis.pipeline([]).await?, []);

    assert_eq!(
        redis.transaction([incr(), incr()]).await?,
        [Value::Integer(4), Value::Integer(5)]
    );
    let error = redis.transaction([incr(), cmd("INCR")]).await.unwrap_err();
    assert_eq!(error.to_string(), "ERR wrong number of arguments for 'incr' command");
    let replies = redis.transaction([incr(), cmd("LPOP").arg("count")]).await?;
    assert!(matches!(&replies[..], [Value::Integer(6), Value::Error(_)]));
    Ok(())
}

async fn long_values_come_back<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    for len in [0, 4095, 4096, 16 * 1024, 8 * 1024 * 1024] {
        let value: Vec<u8> = (0..=255).cycle().take(len).collect();
        redis.set("key", &value).await?;
        assert!(
            redis.get("key").await?.unwrap() == value,
            "{len} bytes come back as others"
        );
    }
    Ok(())
}

async fn what_would_confuse_replies_is_refused<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    for name in ["SUBSCRIBE", "psubscribe", "Monitor"] {
        let error = redis.query::<()>(cmd(name).arg("x")).await.unwrap_err();
        assert!(!error.maybe_sent(), "{error}");
        assert!(redis.pipeline([cmd("PING"), cmd(name).arg("x")]).await.is_err());
    }
    redis.ping().await?;
    assert_eq!(redis.connections(), 1);
    Ok(())
}

async fn a_server_that_comes_back<N: Network>(network: N) -> io::Result<()> {
    let Some(mut server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options().database(5).name("back")).await?;
    for round in 1..=5 {
        server.restart();
        // Not lost, for to read twice does no harm; and on a connection that was logged in.
        let name: String = redis.query(cmd("CLIENT").arg("GETNAME").idempotent()).await?;
        assert_eq!((name.as_str(), redis.connections()), ("back", 1 + round));
        assert_eq!(redis.incr("count").await?, 1);
        assert!(redis.is_connected());
    }
    Ok(())
}

async fn the_server_pushes<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    let mut pushes = redis.pushes(16);
    redis.query::<()>(cmd("CLIENT").arg("TRACKING").arg("ON")).await?;
    redis.get("key").await?;
    let other = Redis::connect(&network, server.addr(), options()).await?;
    other.set("key", "new").await?;
    let push = pushes.next().await.unwrap();
    let keys = Value::Array(vec![Value::Bulk("key".into())]);
    assert_eq!(push, [Value::Bulk("invalidate".into()), keys]);
    assert_eq!(redis.get("key").await?.unwrap(), "new");
    assert_eq!(pushes.missed(), 0);
    Ok(())
}

/// A server that does not know `HELLO`.
async fn old<C: Connection>(connection: C) -> io::Result<Vec<String>> {
    let mut framed = Framed::with_codecs(connection, CommandDecoder::new(), ReplyEncoder::new());
    let mut asked = Vec::new();
    while let Some((command, mut out)) = framed.next_ref().await? {
        let words: Vec<_> = command.args_from(0).map(String::from_utf8_lossy).collect();
        asked.push(words.join(" "));
        out.send(|reply: &mut ReplyWriter<'_>| match command.name() {
            b"HELLO" => reply.error("ERR unknown command 'HELLO', with args beginning with: '3' "),
            b"PING" => reply.simple("PONG"),
            _ => reply.ok(),
        })?;
    }
    Ok(asked)
}

async fn a_server_of_old_is_spoken_to_in_resp2<N: Network>(network: N) -> io::Result<()> {
    let (client, server) = memory::pair(1024);
    let server = network.spawn(old(server));
    let options = options().user("u").password("p").name("n").database(1);
    let redis = Redis::over(&network, client, options).await?;
    redis.ping().await?;
    redis.close().await;
    let asked = server.await.map_err(io::Error::other)??;
    let expected = [
        "HELLO 3 AUTH u p SETNAME n",
        "AUTH u p",
        "CLIENT SETNAME n",
        "SELECT 1",
        "PING",
    ];
    assert_eq!(asked, expected);
    Ok(())
}

async fn nobody_there<N: Network>(network: N) -> io::Result<()> {
    let unused = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
    let addr = wirework::Listener::local_addr(&unused)?.to_string();
    drop(unused);
    let error = Redis::connect(&network, &addr, options()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
    Ok(())
}
