//! Subscriptions on the real server, in both versions.

use std::io;
use std::time::Duration;

use wirework::Network;
use wirework_resp::{Message, PubSub, Redis, RedisOptions, Version, cmd};
use wirework_tests::on_each_runtime;

use super::installed::RedisServer;
use super::options;

on_each_runtime!(
    messages_in_both_versions,
    subscriptions_outlive_connections,
    what_nobody_takes_is_counted,
    a_silent_server_is_tested,
    a_password_is_needed_here_too,
    what_is_refused_is_an_error,
);

fn message(channel: &str, pattern: Option<&str>, payload: &str) -> Message {
    Message {
        channel: channel.to_owned().into(),
        pattern: pattern.map(|pattern| pattern.to_owned().into()),
        payload: payload.to_owned().into(),
    }
}

fn both() -> [RedisOptions; 2] {
    [Version::Resp2, Version::Resp3].map(|version| options().version(version))
}

async fn messages_in_both_versions<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    for options in both() {
        let mut news = PubSub::connect(&network, server.addr(), options).await?;
        news.subscribe(["a", "b"]).await?;
        news.psubscribe(["w.*"]).await?;
        for channel in ["a", "w.x", "b"] {
            assert_eq!(redis.publish(channel, "hello").await?, 1);
        }
        assert_eq!(news.next().await, Some(message("a", None, "hello")));
        assert_eq!(news.next().await, Some(message("w.x", Some("w.*"), "hello")));
        assert_eq!(news.next().await, Some(message("b", None, "hello")));

        news.unsubscribe(["a", "never"]).await?;
        news.punsubscribe(["w.*"]).await?;
        for (channel, count) in [("a", 0), ("w.x", 0), ("b", 1)] {
            assert_eq!(redis.publish(channel, "again").await?, count);
        }
        assert_eq!(news.next().await, Some(message("b", None, "again")));
        assert_eq!((news.connections(), news.missed()), (1, 0));

        drop(news);
        while redis.publish("b", "anyone?").await? > 0 {}
    }
    Ok(())
}

async fn subscriptions_outlive_connections<N: Network>(network: N) -> io::Result<()> {
    let Some(mut server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    for options in both() {
        let redis = Redis::connect(&network, server.addr(), options.clone()).await?;
        let mut news = PubSub::connect(&network, server.addr(), options).await?;
        news.subscribe(["a"]).await?;
        news.psubscribe(["w.*"]).await?;
        for round in 1..=3 {
            server.restart();
            // Each publish waits for its reply; sooner or later the subscription is there again.
            while redis
                .query::<usize>(cmd("PUBLISH").arg("a").arg(round).idempotent())
                .await?
                == 0
            {}
            assert_eq!(news.next().await, Some(message("a", None, &round.to_string())));
            while redis
                .query::<usize>(cmd("PUBLISH").arg("w.x").arg(round).idempotent())
                .await?
                == 0
            {}
            assert_eq!(news.next().await, Some(message("w.x", Some("w.*"), &round.to_string())));
        }
        assert!(news.connections() >= 4);
    }
    Ok(())
}

async fn what_nobody_takes_is_counted<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    let mut news = PubSub::connect(&network, server.addr(), options().max_messages(3)).await?;
    news.subscribe(["a"]).await?;
    for number in 0..10 {
        redis.publish("a", number).await?;
    }
    // Confirmed behind the messages, so they have come by then.
    news.subscribe(["b"]).await?;
    for number in 0..3 {
        assert_eq!(news.next().await.unwrap().payload, number.to_string());
    }
    assert_eq!(news.missed(), 7);
    Ok(())
}

async fn a_silent_server_is_tested<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    for options in both() {
        let options = options.heartbeat(Duration::from_millis(1)).name("tested");
        let news = PubSub::connect(&network, server.addr(), options).await?;
        news.subscribe(["a"]).await?;
        loop {
            let clients: String = redis.query(cmd("CLIENT").arg("LIST")).await?;
            let mut tested = clients.lines().filter(|line| line.contains("name=tested"));
            if tested.any(|line| line.contains("cmd=ping")) {
                break;
            }
        }
        // It is taken for lost where its answer comes late, and then subscribes again.
        while redis.publish("a", "still there").await? == 0 {}
        // The next one is counted by itself.
        news.unsubscribe(["a"]).await?;
    }
    Ok(())
}

async fn a_password_is_needed_here_too<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&["--requirepass", "secret"]) else {
        return Ok(());
    };
    for options in both() {
        let error = PubSub::connect(&network, server.addr(), options.clone().password("wrong"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let news = PubSub::connect(&network, server.addr(), options.password("secret")).await?;
        news.subscribe(["a"]).await?;
    }
    Ok(())
}

async fn what_is_refused_is_an_error<N: Network>(network: N) -> io::Result<()> {
    let Some(server) = RedisServer::start(&[]) else {
        return Ok(());
    };
    let redis = Redis::connect(&network, server.addr(), options()).await?;
    let user = [
        "SETUSER",
        "limited",
        "on",
        ">secret",
        "+@all",
        "resetchannels",
        "&allowed",
    ];
    redis.query::<()>(cmd("ACL").args(user)).await?;
    for options in both() {
        let options = options.user("limited").password("secret");
        let mut news = PubSub::connect(&network, server.addr(), options).await?;
        let error = news.subscribe(["forbidden"]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        news.subscribe(["allowed"]).await?;
        assert_eq!(redis.publish("allowed", "hello").await?, 1);
        assert_eq!(news.next().await, Some(message("allowed", None, "hello")));
        assert_eq!(news.connections(), 1);
        // The next one is counted by itself.
        news.unsubscribe(["allowed"]).await?;
    }
    Ok(())
}
