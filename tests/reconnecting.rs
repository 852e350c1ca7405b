//! Surviving a server that comes and goes, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::future::{poll_once, yield_now, zip};
use wirework::codec::Lines;
use wirework::{
    CallError, Circuit, Client, ClientOptions, Connection, Connector, Context, Framed, Network, ReconnectOptions,
    ReconnectingClient, RunningServer, Runtime, Server, memory, time,
};
use wirework_tests::{ManualClock, on_each_runtime};

on_each_runtime![
    a_server_killed_twenty_times_under_load,
    every_connection_is_made_ready,
    only_idempotent_calls_are_made_again,
    retries_have_a_budget,
    calls_fail_at_once_while_the_circuit_is_broken,
    calls_wait_for_a_connection_until_their_deadline,
    closing_ends_it,
    closing_twice_waits_twice,
    a_server_that_falls_silent_is_replaced,
];

/// How often each request has come.
type Seen = Arc<Mutex<HashMap<String, u32>>>;

fn serve<N: Network>(network: &N, addr: SocketAddr, seen: &Seen, answered: &Arc<AtomicU64>) -> RunningServer {
    let (seen, answered) = (Arc::clone(seen), Arc::clone(answered));
    let listener = network.listen_tcp(addr).unwrap();
    let handle = move |framed, _: Context| answer(framed, Arc::clone(&seen), Arc::clone(&answered));
    let server = Server::new(network).drain_deadline(Duration::ZERO);
    server.serve_framed(listener, Lines::new(), handle)
}

async fn answer<C: Connection>(mut framed: Framed<C, Lines>, seen: Seen, answered: Arc<AtomicU64>) -> io::Result<()> {
    while let Some(line) = framed.next().await? {
        *seen.lock().unwrap().entry(line.clone()).or_default() += 1;
        framed.send(format!("re: {line}")).await?;
        answered.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn quick() -> ReconnectOptions {
    ReconnectOptions::new().backoff(Duration::from_millis(1), Duration::from_millis(20))
}

fn lines_to<N: Network>(
    network: &N,
    addr: SocketAddr,
    options: ReconnectOptions,
) -> ReconnectingClient<String, String> {
    let (runtime, connector) = (network.clone(), Connector::new(network));
    ReconnectingClient::new(network, options, move || {
        let (runtime, connector) = (runtime.clone(), connector.clone());
        async move {
            let stream = connector.connect_any(&[addr]).await?;
            let framed = Framed::new(stream, Lines::new());
            Ok(Client::pipelined(&runtime, framed, ClientOptions::new()))
        }
    })
}

async fn a_server_killed_twenty_times_under_load<N: Network>(network: N) {
    const KILLS: u64 = 20;
    let (seen, answered) = (Seen::default(), Arc::default());
    let mut server = serve(&network, ([127, 0, 0, 1], 0).into(), &seen, &answered);
    let addr = server.local_addr().unwrap().ip().unwrap();
    let client = lines_to(&network, addr, quick().retries(100_000, 100));
    let stop = Arc::new(AtomicBool::new(false));

    let tasks: Vec<_> = (0..50)
        .map(|task| {
            let (client, stop) = (client.clone(), Arc::clone(&stop));
            network.spawn(async move {
                // What was called, and whether it was answered or may have been sent.
                let mut once = Vec::new();
                let mut again = 0_u64;
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let text = format!("idempotent {task}/{number}");
                    assert_eq!(
                        client.call_idempotent(text.clone()).await.unwrap(),
                        format!("re: {text}")
                    );
                    again += 1;
                    let text = format!("once {task}/{number}");
                    let result = client.call(text.clone()).await;
                    once.push((text, result.map(drop)));
                }
                (once, again)
            })
        })
        .collect();

    for _ in 0..KILLS {
        // Each is killed in the midst of its work.
        let before = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < before + 300 {
            time::sleep(&network, Duration::from_millis(1)).await;
        }
        server.shutdown().await;
        server = serve(&network, addr, &seen, &answered);
    }
    stop.store(true, Ordering::SeqCst);

    let (mut idempotent, mut others, mut unsure) = (0, 0, 0);
    for task in tasks {
        let (once, again) = task.await.unwrap();
        idempotent += again;
        let seen = seen.lock().unwrap();
        for (text, result) in once {
            let times = seen.get(&text).copied().unwrap_or(0);
            match result {
                Ok(()) => assert_eq!(times, 1, "{text}"),
                Err(error) if error.maybe_sent() => {
                    assert!(times <= 1, "{text}");
                    unsure += 1;
                }
                Err(error) => panic!("what was not sent is sent again: {error}"),
            }
            others += 1;
        }
    }
    println!(
        "{KILLS} kills, {} connections: {idempotent} idempotent calls, none lost; {others} others, \
         none twice, {unsure} of them failed as perhaps sent",
        client.connections(),
    );
    assert!(client.connections() >= KILLS);
    server.shutdown().await;
}

async fn every_connection_is_made_ready<N: Network>(network: N) {
    let (seen, answered) = (Seen::default(), Arc::default());
    let mut server = serve(&network, ([127, 0, 0, 1], 0).into(), &seen, &answered);
    let addr = server.local_addr().unwrap().ip().unwrap();
    let (runtime, connector) = (network.clone(), Connector::new(&network));
    let client = ReconnectingClient::new(&network, quick(), move || {
        let (runtime, connector) = (runtime.clone(), connector.clone());
        async move {
            let framed = Framed::new(connector.connect_any(&[addr]).await?, Lines::new());
            let client: Client<String, String> = Client::pipelined(&runtime, framed, ClientOptions::new());
            client.call("SUBSCRIBE".to_owned()).await?;
            Ok(client)
        }
    });
    for connection in 1..=3 {
        client.call_idempotent("ask".to_owned()).await.unwrap();
        assert_eq!(seen.lock().unwrap()["SUBSCRIBE"], connection);
        assert_eq!(client.circuit(), Circuit::Connected);
        let (gone, _) = zip(client.circuit_changed(Circuit::Connected), server.shutdown()).await;
        assert_ne!(gone, Circuit::Connected);
        assert!(client.last_error().is_some());
        server = serve(&network, addr, &seen, &answered);
    }
}

/// A server that takes one request of each connection and hangs up.
fn hangs_up<R: Runtime>(runtime: &R, options: ReconnectOptions) -> (ReconnectingClient<String, String>, Seen) {
    let seen = Seen::default();
    let (runtime_, requests) = (runtime.clone(), Arc::clone(&seen));
    let client = ReconnectingClient::new(runtime, options, move || {
        let (near, far) = memory::pair(1024);
        let requests = Arc::clone(&requests);
        let mut far = Framed::new(far, Lines::new());
        let hang_up = async move {
            if let Ok(Some(line)) = far.next().await {
                *requests.lock().unwrap().entry(line).or_default() += 1;
            }
        };
        wirework::Task::detach(runtime_.spawn(hang_up));
        let framed = Framed::new(near, Lines::new());
        let client = Client::pipelined(&runtime_, framed, ClientOptions::new());
        async move { Ok(client) }
    });
    (client, seen)
}

async fn only_idempotent_calls_are_made_again<N: Network>(network: N) {
    let (client, seen) = hangs_up(&network, quick().retries(5, 0));
    let error = client.call("once".to_owned()).await.unwrap_err();
    assert!(error.maybe_sent(), "{error:?}");
    assert_eq!(seen.lock().unwrap()["once"], 1);
}

async fn retries_have_a_budget<N: Network>(network: N) {
    let (client, seen) = hangs_up(&network, quick().retries(5, 0));
    let error = client.call_idempotent("again".to_owned()).await.unwrap_err();
    assert!(
        matches!(error, CallError::Disconnected { maybe_sent: true, .. }),
        "{error:?}"
    );
    assert_eq!(seen.lock().unwrap()["again"], 1 + 5);
    let error = client.call_idempotent("broke".to_owned()).await.unwrap_err();
    assert!(error.maybe_sent());
    assert_eq!(seen.lock().unwrap()["broke"], 1);
}

fn refused<R: Runtime>(runtime: &R, options: ReconnectOptions) -> ReconnectingClient<String, String> {
    ReconnectingClient::new(runtime, options, || async {
        Err(io::ErrorKind::ConnectionRefused.into())
    })
}

async fn calls_fail_at_once_while_the_circuit_is_broken<N: Network>(network: N) {
    let client = refused(&network, quick().fail_after(3).timeout(Duration::from_hours(1)));
    let error = client.call("ask".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(!error.maybe_sent());
    assert!(client.circuit().failures() >= 3);
    assert_eq!(client.connections(), 0);
}

async fn calls_wait_for_a_connection_until_their_deadline<N: Network>(network: N) {
    let client = refused(&network, quick().timeout(Duration::from_millis(10)));
    let error = client.call_idempotent("ask".to_owned()).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut { maybe_sent: false }), "{error:?}");

    // An attempt that hangs is given up, too.
    let options = quick().connect_timeout(Duration::from_millis(1)).fail_after(2);
    let client: ReconnectingClient<String, String> = ReconnectingClient::new(&network, options, pending);
    let error = client.call("ask".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

async fn closing_ends_it<N: Network>(network: N) {
    let server = serve(&network, ([127, 0, 0, 1], 0).into(), &Seen::default(), &Arc::default());
    let client = lines_to(&network, server.local_addr().unwrap().ip().unwrap(), quick());
    client.call("ask".to_owned()).await.unwrap();
    client.close().await;
    assert_eq!(client.circuit(), Circuit::Closed);
    let error = client.call_idempotent("late".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected);
}

async fn closing_twice_waits_twice<N: Network>(network: N) {
    let (near, far) = memory::pair(1024);
    let (runtime, near) = (network.clone(), Mutex::new(Some(near)));
    let client = ReconnectingClient::<String, String>::new(&network, quick(), move || {
        let near = near.lock().unwrap().take();
        let framed = near.map(|near| Framed::new(near, Lines::new()));
        let client = framed.map(|framed| Client::pipelined(&runtime, framed, ClientOptions::new()));
        async { client.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
    });
    let asking = client.clone();
    let asking = network.spawn(async move { asking.call("ask".to_owned()).await });
    let mut far = Framed::new(far, Lines::new());
    assert_eq!(far.next().await.unwrap().unwrap(), "ask");
    let (mut first, mut second) = (pin!(client.close()), pin!(client.close()));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    far.send("answer".to_owned()).await.unwrap();
    far.flush().await.unwrap();
    zip(first, second).await;
    assert_eq!(asking.await.unwrap().unwrap(), "answer");
    assert_eq!(client.circuit(), Circuit::Closed);
}

async fn a_server_that_falls_silent_is_replaced<N: Network>(network: N) {
    const SEC: Duration = Duration::from_secs(1);
    // The first connection takes requests and answers none; it is open all the time.
    async fn serve(far: memory::MemoryStream, is_silent: bool, seen: Seen) -> io::Result<()> {
        let mut far = Framed::new(far, Lines::new());
        while let Some(line) = far.next().await? {
            far.send(format!("re: {line}")).await?;
            *seen.lock().unwrap().entry(line).or_default() += 1;
            if is_silent {
                // Its answer stays unsent for as long as more comes.
                let mut stream = far.into_parts().connection;
                futures_lite::io::copy(&mut stream, futures_lite::io::sink()).await?;
                break;
            }
        }
        Ok(())
    }
    let clock = ManualClock::new(&network);
    let (runtime, seen, made) = (clock.clone(), Seen::default(), AtomicU64::new(0));
    let requests = Arc::clone(&seen);
    let connect = move || {
        let (near, far) = memory::pair(1024);
        let is_silent = made.fetch_add(1, Ordering::SeqCst) == 0;
        wirework::Task::detach(runtime.spawn(serve(far, is_silent, Arc::clone(&requests))));
        let options = ClientOptions::new().timeout(10 * SEC).dead_after(20 * SEC);
        let client = Client::pipelined(&runtime, Framed::new(near, Lines::new()), options);
        async move { Ok(client) }
    };
    let client = ReconnectingClient::new(&clock, quick().timeout(10 * SEC), connect);
    let call = |text: &'static str| {
        let client = client.clone();
        network.spawn(async move { client.call_idempotent(text.to_owned()).await })
    };
    let lost = call("lost");
    while seen.lock().unwrap().get("lost").is_none() {
        yield_now().await;
    }
    clock.advance(10 * SEC).await;
    let error = lost.await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::TimedOut { maybe_sent: true }), "{error:?}");
    assert_eq!(client.circuit(), Circuit::Connected);

    clock.advance(15 * SEC).await;
    let again = call("again");
    // The silence ends the connection in the middle of the second call, which the next connection answers.
    clock.advance(5 * SEC).await;
    assert_eq!(client.circuit_changed(Circuit::Connected).await.failures(), 1);
    assert_eq!(client.last_error().unwrap().kind(), io::ErrorKind::TimedOut);
    while client.connections() < 2 {
        // No further than the next attempt, for the call has little time left.
        if let Circuit::Waiting { until, .. } = client.circuit() {
            clock.advance(until.saturating_duration_since(clock.now())).await;
        }
        yield_now().await;
    }
    assert_eq!(again.await.unwrap().unwrap(), "re: again");
}
