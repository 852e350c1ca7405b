//! How a client ends its connection.

use std::pin::pin;

use futures_lite::future::poll_once;
use wirework::{ClientOptions, Network};
use wirework_tests::on_each_runtime;

use crate::lines::scripted;

on_each_runtime![
    closing_waits_for_the_answers,
    dropping_the_last_clone_closes_the_connection,
];

async fn closing_waits_for_the_answers<N: Network>(network: N) {
    let (client, mut far) = scripted(&network, ClientOptions::new());
    let mut call = pin!(client.call("ask".into()));
    assert!(poll_once(call.as_mut()).await.is_none());
    let mut close = pin!(client.close());
    assert!(poll_once(close.as_mut()).await.is_none());
    let refused = client.call("late".into()).await.unwrap_err();
    assert!(!refused.maybe_sent());
    assert_eq!(far.next().await.unwrap().unwrap(), "ask");
    far.send("answer").await.unwrap();
    far.flush().await.unwrap();
    assert_eq!(call.await.unwrap(), "answer");
    close.await;
    assert_eq!(far.next().await.unwrap(), None);
    assert_eq!(client.closed().await.to_string(), "the client was closed");
}

async fn dropping_the_last_clone_closes_the_connection<N: Network>(network: N) {
    let (client, mut far) = scripted(&network, ClientOptions::new());
    let clone = client.clone();
    assert!(poll_once(clone.call("ask".into())).await.is_none());
    drop(client);
    assert_eq!(clone.pending(), 0);
    drop(clone);
    // The dropped call may have been taken before.
    while let Some(line) = far.next().await.unwrap() {
        assert_eq!(line, "ask");
    }
}
