//! Ten thousand calls, many of which are dropped.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::{or, yield_now};
use wirework::{Client, ClientOptions, Connection, Context, Framed, Network, RunningServer, Runtime, Server, connect};
use wirework_tests::on_each_runtime;

use crate::lines::{client_of, serve_lines};
use crate::numbered::{Numbered, NumberedCodec};

on_each_runtime![
    ten_thousand_calls_and_a_third_of_them_dropped,
    ten_thousand_multiplexed_calls_and_a_third_of_them_dropped,
];

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
