//! A server that goes on taking requests and answers none of them.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::AsyncWriteExt;
use futures_lite::future::{poll_once, zip};
use wirework::codec::Lines;
use wirework::{CallError, Client, ClientOptions, Framed, Network, Runtime, memory};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::lines::scripted;
use crate::numbered::{Numbered, NumberedCodec};

on_each_runtime![
    a_server_that_never_answers_is_taken_for_lost,
    a_byte_is_a_sign_of_life,
    who_asked_for_longer_is_waited_for,
    a_dropped_call_excuses_no_silence,
    a_silent_server_of_a_multiplexed_client_is_lost_too,
    silence_may_be_allowed,
];

const SEC: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

fn options() -> ClientOptions {
    ClientOptions::new().timeout(10 * SEC).dead_after(20 * SEC)
}

/// Has a call time out that the peer has seen.
async fn lose_a_call<N: Network>(
    clock: &ManualClock<N>,
    client: &Client<String, String>,
    far: &mut Framed<memory::MemoryStream, Lines>,
) {
    let lose = async {
        assert_eq!(far.next().await.unwrap().unwrap(), "lost");
        clock.advance(10 * SEC).await;
    };
    let (lost, ()) = zip(client.call("lost".into()), lose).await;
    let error = lost.unwrap_err();
    assert!(matches!(error, CallError::TimedOut { maybe_sent: true }), "{error:?}");
}

async fn a_server_that_never_answers_is_taken_for_lost<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (client, mut far) = scripted(&clock, options());
    lose_a_call(&clock, &client, &mut far).await;
    assert!(client.is_open());
    // Not yet, though a second call is lost. Two others, one of them sent, wait as long as it takes.
    clock.advance(9 * SEC).await;
    let waiting = ["second", "third"].map(|request| {
        let client = client.clone();
        network.spawn(async move { client.call(request.into()).within(HOUR).await })
    });
    for _ in 0..2 {
        far.next().await.unwrap().unwrap();
    }
    assert_eq!(client.pending(), 2);
    assert!(client.is_open());
    clock.advance(11 * SEC).await;

    let cause = client.closed().await;
    assert_eq!(cause.kind(), io::ErrorKind::TimedOut);
    assert_eq!(
        cause.to_string(),
        "the peer has said nothing for 20s after a call had timed out"
    );
    for call in waiting {
        let error = call.await.unwrap().unwrap_err();
        assert!(error.maybe_sent());
        let CallError::Disconnected { cause: own, .. } = error else {
            panic!("{error:?}")
        };
        assert!(Arc::ptr_eq(&own, &cause));
    }
    let error = client.call("late".into()).await.unwrap_err();
    assert_eq!((error.maybe_sent(), error.kind()), (false, io::ErrorKind::TimedOut));
    // The other end is told: there will be no more requests.
    assert_eq!(far.next().await.unwrap(), None);
}

async fn a_byte_is_a_sign_of_life<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    // Of two bytes, the second finds room when the first has been read.
    let (near, mut far) = memory::pair(1);
    let client: Client<String, String> = Client::pipelined(&clock, Framed::new(near, Lines::new()), options());
    let calling = client.clone();
    let lost = clock.spawn(async move { calling.call("x".into()).await });
    let mut request = [0; 2];
    futures_lite::AsyncReadExt::read_exact(&mut far, &mut request)
        .await
        .unwrap();
    clock.advance(10 * SEC).await;
    assert_eq!(lost.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);

    far.write_all(b"la").await.unwrap();
    let mut kept = pin!(client.call("y".into()).within(HOUR));
    assert!(poll_once(kept.as_mut()).await.is_none());
    clock.advance(20 * SEC).await;
    let answer = async {
        futures_lite::AsyncReadExt::read_exact(&mut far, &mut request)
            .await
            .unwrap();
        far.write_all(b"te\nfor y\n").await.unwrap();
    };
    let (kept, ()) = zip(kept, answer).await;
    assert_eq!(kept.unwrap(), "for y");
    assert!(client.is_open());
}

async fn who_asked_for_longer_is_waited_for<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (client, mut far) = scripted(&clock, options());
    let mut long = pin!(client.call("long".into()).within(HOUR));
    assert!(poll_once(long.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap(), "long");
    // Those behind it are held up, and time out again and again.
    for _ in 0..10 {
        lose_a_call(&clock, &client, &mut far).await;
        clock.advance(20 * SEC).await;
    }
    let answer = async {
        far.send("for long").await.unwrap();
        far.flush().await.unwrap();
    };
    let (long, ()) = zip(long, answer).await;
    assert_eq!(long.unwrap(), "for long");
    assert!(client.is_open());
}

async fn a_dropped_call_excuses_no_silence<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (client, mut far) = scripted(&clock, options());
    let mut dropped = Box::pin(client.call("dropped".into()).within(HOUR));
    assert!(poll_once(dropped.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap(), "dropped");
    drop(dropped);
    lose_a_call(&clock, &client, &mut far).await;
    clock.advance(20 * SEC).await;
    assert_eq!(client.closed().await.kind(), io::ErrorKind::TimedOut);
}

async fn a_silent_server_of_a_multiplexed_client_is_lost_too<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (near, far) = memory::pair(1024);
    let framed = Framed::new(near, NumberedCodec::default());
    let (client, mut pushes) = Client::<_, Numbered>::multiplexed(&clock, framed, options());
    let mut far = Framed::new(far, NumberedCodec::default());
    // Answers come in any order, so one that may take long is no excuse.
    let mut long = pin!(client.call(Numbered::new("long")).within(HOUR));
    assert!(poll_once(long.as_mut()).await.is_none());
    assert_eq!(far.next().await.unwrap().unwrap().text, "long");
    let lose = async {
        assert_eq!(far.next().await.unwrap().unwrap().text, "lost");
        clock.advance(10 * SEC).await;
    };
    let (lost, ()) = zip(client.call(Numbered::new("lost")), lose).await;
    assert!(lost.is_err());
    clock.advance(20 * SEC).await;
    let error = long.await.unwrap_err();
    assert!(
        matches!(error, CallError::Disconnected { maybe_sent: true, .. }),
        "{error:?}"
    );
    assert_eq!(pushes.next().await, None);
}

async fn silence_may_be_allowed<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (client, mut far) = scripted(&clock, options().dead_after(None));
    for _ in 0..3 {
        lose_a_call(&clock, &client, &mut far).await;
        clock.advance(HOUR).await;
    }
    let answer = async {
        assert_eq!(far.next().await.unwrap().unwrap(), "ask");
        for line in ["late"; 3] {
            far.send(line).await.unwrap();
        }
        far.send("for ask").await.unwrap();
        far.flush().await.unwrap();
    };
    let (asked, ()) = zip(client.call("ask".into()), answer).await;
    assert_eq!(asked.unwrap(), "for ask");
}
