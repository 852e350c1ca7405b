//! Many who ask for one name at the same time.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_channel::{Receiver, Sender};
use futures_lite::future::{poll_once, yield_now};
use wirework::{CachingResolver, Connector, Network, Resolver};
use wirework_tests::on_each_runtime;

on_each_runtime![
    who_asks_at_the_same_time_gets_the_same_answer,
    a_failure_is_everybodys_and_is_not_remembered,
    who_asked_first_may_give_up,
    what_nobody_waits_for_is_cancelled,
    what_is_forgotten_is_looked_up_anew,
    a_resolver_that_panics_strands_nobody,
    a_failure_names_the_host_once,
];

/// Answers when it is told to, or fails, and counts how often it was asked and given up. Its first answer has the port 1, and so on.
#[derive(Debug, Clone)]
struct Directory {
    asked: Arc<AtomicUsize>,
    given_up: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
    answers: Receiver<bool>,
}

/// Counts a lookup that is dropped before its end.
struct Lookup {
    given_up: Arc<AtomicUsize>,
    is_over: bool,
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.given_up.fetch_add(usize::from(!self.is_over), Ordering::SeqCst);
    }
}

impl Directory {
    fn new() -> (Sender<bool>, Self) {
        let (answer, answers) = async_channel::unbounded();
        let directory = Self {
            asked: Arc::default(),
            given_up: Arc::default(),
            panics: Arc::default(),
            answers,
        };
        (answer, directory)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn is_asked(&self, times: usize) {
        while self.asked() < times {
            yield_now().await;
        }
    }
}

impl Resolver for Directory {
    async fn resolve(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let mut lookup = Lookup {
            given_up: Arc::clone(&self.given_up),
            is_over: false,
        };
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = self.answers.recv().await;
        assert!(!self.panics.load(Ordering::SeqCst), "as it is told to");
        lookup.is_over = true;
        match answer {
            Ok(true) => Ok(vec![addr(number)]),
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("cannot resolve {host:?}"),
            )),
        }
    }
}

fn addr(number: usize) -> SocketAddr {
    ([127, 0, 0, 1], u16::try_from(number).unwrap()).into()
}

async fn who_asks_at_the_same_time_gets_the_same_answer<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    let asking: Vec<_> = (0..100)
        .map(|number| {
            let resolver = resolver.clone();
            // Two names, for each of which there is one lookup.
            let host = if number % 2 == 0 { "even" } else { "odd" };
            network.spawn(async move { resolver.resolve(host, 1).await })
        })
        .collect();
    directory.is_asked(2).await;
    for _ in 0..2 {
        answer.send(true).await.unwrap();
    }
    let mut answers = Vec::new();
    for asked in asking {
        answers.push(asked.await.unwrap().unwrap());
    }
    assert_ne!(answers[0], answers[1]);
    // Some may have come after the answer, and were told what was remembered.
    for pair in answers.chunks(2) {
        assert_eq!(pair, &answers[..2]);
    }
    assert_eq!(resolver.resolve("even", 1).await.unwrap(), answers[0]);
    assert_eq!(directory.asked(), 2);
}

async fn a_failure_is_everybodys_and_is_not_remembered<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    let (mut first, mut second) = (pin!(resolver.resolve("a", 1)), pin!(resolver.resolve("a", 1)));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    answer.send(false).await.unwrap();
    for result in [first.await, second.await] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::NotFound, "cannot resolve \"a\"")
        );
    }
    answer.send(true).await.unwrap();
    assert_eq!(resolver.resolve("a", 1).await.unwrap(), [addr(2)]);
    assert_eq!(directory.asked(), 2);
}

async fn who_asked_first_may_give_up<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    let mut first = Box::pin(resolver.resolve("a", 1));
    let (mut second, mut third) = (pin!(resolver.resolve("a", 1)), pin!(resolver.resolve("a", 1)));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    directory.is_asked(1).await;
    drop(first);
    assert!(poll_once(third.as_mut()).await.is_none());
    answer.send(true).await.unwrap();
    // And who does not look for a while holds up nobody either.
    assert_eq!(third.await.unwrap(), [addr(1)]);
    assert_eq!(second.await.unwrap(), [addr(1)]);
    assert_eq!((directory.asked(), directory.given_up.load(Ordering::SeqCst)), (1, 0));
}

async fn what_nobody_waits_for_is_cancelled<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    let mut asking = Box::pin(resolver.resolve("a", 1));
    assert!(poll_once(asking.as_mut()).await.is_none());
    directory.is_asked(1).await;
    drop(asking);
    while directory.given_up.load(Ordering::SeqCst) == 0 {
        yield_now().await;
    }
    answer.send(true).await.unwrap();
    assert_eq!(resolver.resolve("a", 1).await.unwrap(), [addr(2)]);
}

async fn what_is_forgotten_is_looked_up_anew<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    let mut old = pin!(resolver.resolve("a", 1));
    assert!(poll_once(old.as_mut()).await.is_none());
    directory.is_asked(1).await;
    resolver.clear();
    let mut new = pin!(resolver.resolve("a", 1));
    assert!(poll_once(new.as_mut()).await.is_none());
    directory.is_asked(2).await;
    for _ in 0..2 {
        answer.send(true).await.unwrap();
    }
    assert_eq!(new.await.unwrap(), [addr(2)]);
    assert_eq!(old.await.unwrap(), [addr(1)]);
    // What was asked before the change of network does not come back.
    assert_eq!(resolver.resolve("a", 1).await.unwrap(), [addr(2)]);
}

async fn a_resolver_that_panics_strands_nobody<N: Network>(network: N) {
    let (answer, directory) = Directory::new();
    let resolver = CachingResolver::new(&network, directory.clone());
    directory.panics.store(true, Ordering::SeqCst);
    let (mut first, mut second) = (pin!(resolver.resolve("a", 1)), pin!(resolver.resolve("a", 1)));
    assert!(poll_once(first.as_mut()).await.is_none());
    assert!(poll_once(second.as_mut()).await.is_none());
    answer.send(false).await.unwrap();
    for result in [first.await, second.await] {
        assert_eq!(
            result.unwrap_err().to_string(),
            "cannot resolve \"a\": the lookup was stopped"
        );
    }
    directory.panics.store(false, Ordering::SeqCst);
    answer.send(true).await.unwrap();
    assert_eq!(resolver.resolve("a", 1).await.unwrap(), [addr(2)]);
}

/// Whoever prints an error prints its causes, too.
async fn a_failure_names_the_host_once<N: Network>(network: N) {
    let connector = Connector::new(&network);
    let cached = connector
        .clone()
        .resolver(CachingResolver::new(&network, wirework::SystemResolver::new(&network)));
    let target = "no-such-host.invalid:80";
    let errors = [
        connector.connect(target).await.map(drop).unwrap_err(),
        cached.connect(target).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        let error = io::Error::from(error);
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        assert_eq!(text.matches("no-such-host.invalid").count(), 1, "{text}");
    }
}
