//! Many tasks calling over one connection, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "client/silence.rs"]
mod silence;

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::future::{or, poll_once, yield_now};
use wirework::codec::bytes::{Buf, Bytes, BytesMut};
use wirework::codec::{Decoder, Encoder, LengthDelimited, LengthError, Lines, WriteBuf};
use wirework::{
    CallError, Client, ClientOptions, Connection, Context, CorrelatedRequest, CorrelatedResponse, Framed, Network,
    RunningServer, Runtime, Server, connect, memory,
};
use wirework_tests::on_each_runtime;

on_each_runtime![
    ten_thousand_calls_and_a_third_of_them_dropped,
    ten_thousand_multiplexed_calls_and_a_third_of_them_dropped,
    all_calls_fail_with_the_cause_of_the_connection,
    a_call_that_was_not_sent_says_so,
    a_dropped_call_that_was_not_sent_never_is,
    calls_have_a_deadline,
    lost_answers_do_not_take_up_room,
    a_dropped_call_makes_room_at_once,
    few_numbers_bound_the_calls_in_flight,
    pushes_come_as_a_stream,
    a_request_that_cannot_be_encoded_harms_nobody,
    an_answer_nobody_asked_for_ends_the_connection,
    requests_and_responses_may_both_be_larger_than_all_buffers,
    closing_waits_for_the_answers,
    dropping_the_last_clone_closes_the_connection,
    a_shut_down_server_is_noticed_without_a_call,
];

/// A text with a number: what the multiplexed calls exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbered {
    id: u16,
    text: Bytes,
}

impl Numbered {
    /// The number of what the server sends by itself.
    const PUSH: u16 = u16::MAX;

    fn new(text: impl Into<Bytes>) -> Self {
        Self {
            id: 0,
            text: text.into(),
        }
    }
}

impl CorrelatedRequest for Numbered {
    const ID_BITS: u32 = 15;

    fn set_call_id(&mut self, id: u64) {
        self.id = u16::try_from(id).unwrap();
    }
}

impl CorrelatedResponse for Numbered {
    fn call_id(&self) -> Option<u64> {
        (self.id != Self::PUSH).then_some(self.id.into())
    }
}

#[derive(Debug, Clone, Default)]
struct NumberedCodec(LengthDelimited);

impl Decoder for NumberedCodec {
    type Item = Numbered;
    type Error = LengthError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Numbered>, LengthError> {
        let frame = self.0.decode(src)?;
        Ok(frame.map(|mut text| Numbered {
            id: text.get_u16(),
            text,
        }))
    }
}

impl Encoder<Numbered> for NumberedCodec {
    type Error = LengthError;

    fn encode(&mut self, item: Numbered, dst: &mut WriteBuf) -> Result<(), LengthError> {
        self.0.encode([&item.id.to_be_bytes()[..], &item.text].concat(), dst)
    }
}

fn serve_lines<N: Network>(network: &N) -> RunningServer {
    async fn answer<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> io::Result<()> {
        while let Some(line) = framed.next().await? {
            framed.send(format!("re: {line}")).await?;
        }
        Ok(())
    }
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    Server::new(network).serve_framed(listener, Lines::new(), answer)
}

/// Answers in any order, and not every request.
fn serve_numbered<N: Network>(network: &N) -> RunningServer {
    async fn answer<C: Connection>(mut framed: Framed<C, NumberedCodec>, cx: Context) -> io::Result<()> {
        let mut held = Vec::new();
        while let Some(request) = framed.next().await? {
            held.push(request);
            while held.len() > 3 || (framed.read_ahead() == 0 && !held.is_empty()) {
                let index = usize::try_from(cx.random_u64() % held.len() as u64).unwrap();
                framed.send(held.swap_remove(index)).await?;
            }
        }
        Ok(())
    }
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    Server::new(network).serve_framed(listener, NumberedCodec::default(), answer)
}

async fn client_of<N: Network>(network: &N, server: &RunningServer) -> Client<String, String> {
    let stream = connect(network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    Client::pipelined(network, Framed::new(stream, Lines::new()), ClientOptions::new())
}

/// A client whose other end the test plays.
fn scripted<R: Runtime>(
    runtime: &R,
    options: ClientOptions,
) -> (Client<String, String>, Framed<memory::MemoryStream, Lines>) {
    let (near, far) = memory::pair(1024);
    let client = Client::pipelined(runtime, Framed::new(near, Lines::new()), options);
    (client, Framed::new(far, Lines::new()))
}

/// Calls `call` 100 times in each of 100 tasks, and drops a third of them at random points. Gives how many were answered.
async fn storm<R, F, Fut>(runtime: &R, call: F) -> (usize, usize)
where
    R: Runtime,
    F: Fn(String) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (answered, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let (dice, call) = (runtime.clone(), call.clone());
            let (answered, dropped) = (Arc::clone(&answered), Arc::clone(&dropped));
            runtime.spawn(async move {
                for number in 0..100 {
                    let call = async {
                        call(format!("{task}/{number}")).await;
                        &answered
                    };
                    let give_up = dice.random_u64() % 100 < 40;
                    let polls = dice.random_u64() % 8;
                    let drop_it = async {
                        if !give_up {
                            pending::<()>().await;
                        }
                        for _ in 0..polls {
                            yield_now().await;
                        }
                        &dropped
                    };
                    // The one that gives up goes first, so that a call can also be dropped before it has begun.
                    or(drop_it, call).await.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (answered.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst))
}

async fn ten_thousand_calls_and_a_third_of_them_dropped<N: Network>(network: N) {
    let server = serve_lines(&network);
    let client = client_of(&network, &server).await;
    let call = {
        let client = client.clone();
        move |text: String| {
            let client = client.clone();
            async move { assert_eq!(client.call(text.clone()).await.unwrap(), format!("re: {text}")) }
        }
    };
    let (answered, dropped) = storm(&network, call).await;
    println!("pipelined: {answered} calls answered, {dropped} dropped");
    assert_eq!(answered + dropped, 10_000);
    // An eighth of those that give up do so before they begin, whatever the scheduler does; most are in flight.
    assert!(dropped > 300, "{dropped}");
    assert_eq!(client.pending(), 0);
}

async fn ten_thousand_multiplexed_calls_and_a_third_of_them_dropped<N: Network>(network: N) {
    let server = serve_numbered(&network);
    let stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    let framed = Framed::new(stream, NumberedCodec::default());
    let (client, _) = Client::multiplexed(&network, framed, ClientOptions::new().max_in_flight(50));
    let call = {
        let client: Client<Numbered, Numbered> = client.clone();
        move |text: String| {
            let client = client.clone();
            async move { assert_eq!(client.call(Numbered::new(text.clone())).await.unwrap().text, text) }
        }
    };
    let (answered, dropped) = storm(&network, call).await;
    println!("multiplexed: {answered} calls answered, {dropped} dropped");
    assert_eq!(answered + dropped, 10_000);
    // An eighth of those that give up do so before they begin, whatever the scheduler does; most are in flight.
    assert!(dropped > 300, "{dropped}");
    assert_eq!(client.pending(), 0);
}

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

/// A text whose number has two bits.
#[derive(Debug)]
struct Few(Numbered);

impl CorrelatedRequest for Few {
    const ID_BITS: u32 = 2;

    fn set_call_id(&mut self, id: u64) {
        assert!(id < 4, "{id}");
        self.0.set_call_id(id);
    }
}

#[derive(Debug, Clone, Default)]
struct FewCodec(NumberedCodec);

impl Decoder for FewCodec {
    type Item = Numbered;
    type Error = LengthError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Numbered>, LengthError> {
        self.0.decode(src)
    }
}

impl Encoder<Few> for FewCodec {
    type Error = LengthError;

    fn encode(&mut self, item: Few, dst: &mut WriteBuf) -> Result<(), LengthError> {
        self.0.encode(item.0, dst)
    }
}

async fn few_numbers_bound_the_calls_in_flight<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let framed = Framed::new(near, FewCodec::default());
    let (client, _) = Client::<Few, Numbered>::multiplexed(&network, framed, ClientOptions::new());
    let mut far = Framed::new(far, NumberedCodec::default());
    let calls: Vec<_> = (0..10)
        .map(|number: u32| {
            let client = client.clone();
            network.spawn(async move { client.call(Few(Numbered::new(number.to_string()))).await })
        })
        .collect();
    for _ in 0..calls.len() {
        let request = far.next().await.unwrap().unwrap();
        far.send(request).await.unwrap();
    }
    far.flush().await.unwrap();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().text, number.to_string());
    }
}

async fn pushes_come_as_a_stream<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let options = ClientOptions::new().max_pushes(2);
    let (client, mut pushes) =
        Client::<_, Numbered>::multiplexed(&network, Framed::new(near, NumberedCodec::default()), options);
    let mut far = Framed::new(far, NumberedCodec::default());
    let push = |text: &'static str| Numbered {
        id: Numbered::PUSH,
        text: text.into(),
    };
    let play = async {
        let request = far.next().await.unwrap().unwrap();
        for text in ["one", "two", "three"] {
            far.send(push(text)).await.unwrap();
        }
        far.send(request).await.unwrap();
        far.flush().await.unwrap();
        far
    };
    let (answer, far) = futures_lite::future::zip(client.call(Numbered::new("ask")), play).await;
    assert_eq!(answer.unwrap().text, "ask");
    assert_eq!(pushes.next().await.unwrap().text, "one");
    assert_eq!(pushes.next().await.unwrap().text, "two");
    assert_eq!(pushes.missed(), 1);
    drop(far);
    assert_eq!(pushes.next().await, None);
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

async fn requests_and_responses_may_both_be_larger_than_all_buffers<N: Network>(network: N) {
    // Neither end reads more while it cannot write: if the client did the same, both would wait for ever.
    let (near, far) = memory::pair(16);
    let client = Client::pipelined(&network, Framed::new(near, Lines::new()), ClientOptions::new());
    let mut far = Framed::new(far, Lines::new()).watermarks(1, 2);
    let server = network.spawn(async move {
        while let Some(line) = far.next().await.unwrap() {
            far.send(line).await.unwrap();
            far.flush().await.unwrap();
        }
    });
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            let line = number.to_string().repeat(1000);
            network.spawn(async move { assert_eq!(client.call(line.clone()).await.unwrap(), line) })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    drop(client);
    server.await.unwrap();
}

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

async fn a_shut_down_server_is_noticed_without_a_call<N: Network>(network: N) {
    let server = serve_lines(&network);
    let client = client_of(&network, &server).await;
    client.call("one".into()).await.unwrap();
    assert!(client.is_open());
    server.shutdown().await;
    assert_eq!(client.closed().await.kind(), io::ErrorKind::UnexpectedEof);
}

/// What the documentation says; the table's part is checked beside it.
#[test]
fn a_waiting_call_is_small() {
    let call = size_of::<wirework::Call<'_, String, String>>();
    assert!(call <= size_of::<String>() + 48, "{call}");
}
