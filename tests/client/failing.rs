//! What goes wrong with a request or the connection, and who is told.

use std::io;
use std::sync::Arc;

use futures_lite::future::yield_now;
use wirework::{CallError, ClientOptions, Network};
use wirework_tests::on_each_runtime;

use crate::lines::{client_of, scripted, serve_lines};

on_each_runtime![
    all_calls_fail_with_the_cause_of_the_connection,
    a_request_that_cannot_be_encoded_harms_nobody,
    an_answer_nobody_asked_for_ends_the_connection,
    a_shut_down_server_is_noticed_without_a_call,
];

async fn all_calls_fail_with_the_cause_of_the_connection<N: Network>(network: N) {
    let (client, mut far) = scripted(&network, ClientOptions::new().max_in_flight(10));
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let client = client.clone();
            network.spawn(async move { client.call(number.to_string()).await })
        })
        .collect();
    for _ in 0..10 {
        far.next().await.unwrap().unwrap();
    }
    while client.pending() < 30 {
        yield_now().await;
    }
    drop(far);
    let cause = client.closed().await;
    assert_eq!(cause.kind(), io::ErrorKind::UnexpectedEof);
    let mut sent = 0;
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        sent += usize::from(error.maybe_sent());
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let CallError::Disconnected { cause: own, .. } = error else {
            panic!("{error:?}")
        };
        assert!(Arc::ptr_eq(&own, &cause));
    }
    assert_eq!(sent, 10);
    let error = client.call("late".into()).await.unwrap_err();
    assert!(!error.maybe_sent());
    assert!(!client.is_open());
}

async fn a_request_that_cannot_be_encoded_harms_nobody<N: Network>(network: N) {
    let server = serve_lines(&network);
    let client = client_of(&network, &server).await;
    let (bad, good) = futures_lite::future::zip(client.call("two\nlines".into()), client.call("one".into())).await;
    let bad = bad.unwrap_err();
    assert!(matches!(bad, CallError::Rejected(_)), "{bad:?}");
    assert!(!bad.maybe_sent());
    assert_eq!(good.unwrap(), "re: one");
}

async fn an_answer_nobody_asked_for_ends_the_connection<N: Network>(network: N) {
    let (client, mut far) = scripted(&network, ClientOptions::new());
    far.send("hello?").await.unwrap();
    far.flush().await.unwrap();
    let cause = client.closed().await;
    assert_eq!(cause.kind(), io::ErrorKind::InvalidData);
    assert_eq!(cause.to_string(), "the peer answered a request that was not made");
}

async fn a_shut_down_server_is_noticed_without_a_call<N: Network>(network: N) {
    let server = serve_lines(&network);
    let client = client_of(&network, &server).await;
    client.call("one".into()).await.unwrap();
    assert!(client.is_open());
    server.shutdown().await;
    assert_eq!(client.closed().await.kind(), io::ErrorKind::UnexpectedEof);
}
