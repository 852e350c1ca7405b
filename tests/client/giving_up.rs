//! Calls that are not waited for any longer: their time is over, or they are dropped.

use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_lite::future::poll_once;
use wirework::{CallError, Client, ClientOptions, Framed, Network, memory};
use wirework_tests::on_each_runtime;

use crate::lines::scripted;
use crate::numbered::{Numbered, NumberedCodec};

on_each_runtime![
    a_call_that_was_not_sent_says_so,
    a_dropped_call_that_was_not_sent_never_is,
    calls_have_a_deadline,
    lost_answers_do_not_take_up_room,
    a_dropped_call_makes_room_at_once,
];

async fn a_call_that_was_not_sent_says_so<N: Network>(network: N) {
    let options = ClientOptions::new().max_in_flight(1).timeout(Duration::from_millis(20));
    let (client, mut far) = scripted(&network, options);
    let (first, second) = (client.call("a".into()), client.call("b".into()));
    let (first, second) = futures_lite::future::zip(first, second).await;
    let (first, second) = (first.unwrap_err(), second.unwrap_err());
    assert!(matches!(first, CallError::TimedOut { maybe_sent: true }), "{first:?}");
    assert_eq!(
        second.to_string(),
        "call got no answer in time (the request was not sent)"
    );
    assert_eq!(far.next().await.unwrap().unwrap(), "a");
    // The late answer frees the way, and belongs to nobody.
    far.send("late").await.unwrap();
    far.flush().await.unwrap();
    let (third, ()) = futures_lite::future::zip(client.call("c".into()).within(Duration::from_mins(1)), async {
        assert_eq!(far.next().await.unwrap().unwrap(), "c");
        far.send("for c").await.unwrap();
        far.flush().await.unwrap();
    })
    .await;
    assert_eq!(third.unwrap(), "for c");
}

async fn a_dropped_call_that_was_not_sent_never_is<N: Network>(network: N) {
    let (client, mut far) = scripted(&network, ClientOptions::new().max_in_flight(1));
    let mut first = pin!(client.call("first".into()));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap(), "first");
    for _ in 0..100 {
        assert!(poll_once(client.call("dropped".into())).await.is_none());
    }
    let mut last = pin!(client.call("last".into()));
    assert!(poll_once(last.as_mut()).await.is_none());
    assert_eq!(client.pending(), 2);
    far.send("re: first").await.unwrap();
    far.flush().await.unwrap();
    assert_eq!(first.await.unwrap(), "re: first");
    assert_eq!(far.next().await.unwrap().unwrap(), "last");
}

async fn calls_have_a_deadline<N: Network>(network: N) {
    let (client, _far) = scripted(&network, ClientOptions::new());
    // A later call with an earlier deadline is not held up by an earlier one.
    let mut long = pin!(client.call("long".into()));
    assert!(poll_once(long.as_mut()).await.is_none());
    let start = network.now();
    let error = client
        .call("short".into())
        .within(Duration::from_millis(20))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(network.now() - start >= Duration::from_millis(20));
    assert_eq!(client.pending(), 1);
}

async fn lost_answers_do_not_take_up_room<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let framed = Framed::new(near, NumberedCodec::default());
    let (client, _) = Client::<_, Numbered>::multiplexed(&network, framed, ClientOptions::new().max_in_flight(2));
    let mut far = Framed::new(far, NumberedCodec::default());
    for _ in 0..10 {
        let call = client.call(Numbered::new("lost")).within(Duration::from_millis(1));
        assert!(call.await.is_err());
    }
    let answer = async {
        loop {
            let request = far.next().await.unwrap().unwrap();
            if request.text == "kept" {
                far.send(request).await.unwrap();
                far.flush().await.unwrap();
                break;
            }
        }
    };
    let (kept, ()) = futures_lite::future::zip(client.call(Numbered::new("kept")), answer).await;
    assert_eq!(kept.unwrap().text, "kept");
}

async fn a_dropped_call_makes_room_at_once<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let framed = Framed::new(near, NumberedCodec::default());
    let (client, _) = Client::<_, Numbered>::multiplexed(&network, framed, ClientOptions::new().max_in_flight(1));
    let mut far = Framed::new(far, NumberedCodec::default());
    let mut lost = Box::pin(client.call(Numbered::new("lost")));
    assert!(poll_once(lost.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap().text, "lost");
    // One that waits for its turn has it now, and so has one that comes later.
    let mut waits = Box::pin(client.call(Numbered::new("waits")));
    assert!(poll_once(waits.as_mut()).await.is_none());
    drop(lost);
    assert_eq!(far.next().await.unwrap().unwrap().text, "waits");
    drop(waits);
    let mut comes = pin!(client.call(Numbered::new("comes")));
    assert!(poll_once(comes.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap().text, "comes");
}
