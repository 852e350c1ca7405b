//! The server goes down and comes up again, and its clients come back by themselves: with their log-in, their database
//! and their subscriptions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kv::Settings;
use wirework::Runtime;
use wirework::time::sleep;
use wirework_resp::{PubSub, Redis, RedisOptions};
use wirework_sim::{Family, SimRuntime, Swarm, SweepConfig, Trial, sweep};

use crate::lab::{self, Client, MS, PORT, SEC};

/// How long the faults go on.
const LONG: Duration = Duration::from_mins(1);

fn options() -> RedisOptions {
    RedisOptions::new()
        .password("secret")
        .database(3)
        .name("tester")
        .timeout(10 * SEC)
        .connect_timeout(3 * SEC)
        .backoff(100 * MS, 2 * SEC)
        .heartbeat(2 * SEC)
}

/// A server that lasts as long as its host does.
fn serve(trial: &Trial) {
    trial.host("server").start(|runtime| async move {
        let settings = Settings {
            password: b"secret".to_vec(),
            ..Settings::default()
        };
        let _running = lab::start(&runtime, settings);
        std::future::pending::<()>().await;
    });
}

/// A connection beside the clients that are looked at, with the same log-in.
async fn insider(runtime: &SimRuntime) -> std::io::Result<Client> {
    let mut client = Client::try_connect(runtime).await?;
    client.try_ask("AUTH secret").await?;
    client.try_ask("SELECT 3").await?;
    Ok(client)
}

/// Publishes numbers, one after the other, whatever happens. Gives how many.
async fn publish(trial: Trial) -> u64 {
    let runtime = trial.host("publisher").runtime();
    let mut number = 0;
    while trial.elapsed() < LONG {
        let Ok(mut client) = insider(&runtime).await else {
            sleep(&runtime, 100 * MS).await;
            continue;
        };
        while trial.elapsed() < LONG {
            number += 1;
            let command = format!("PUBLISH news {number}");
            let publishing = client.try_ask(&command);
            if !matches!(wirework::time::timeout(&runtime, SEC, publishing).await, Ok(Ok(_))) {
                break;
            }
            sleep(&runtime, 200 * MS).await;
        }
    }
    number
}

/// The messages of a subscriber: each number, and whether it came by the pattern.
type Heard = Arc<Mutex<Vec<(u64, bool)>>>;

async fn listen(trial: Trial, heard: Heard, connections: Arc<Mutex<u64>>) {
    let runtime = trial.host("subscriber").runtime();
    let target = format!("server:{PORT}");
    let mut news = loop {
        match PubSub::connect(&runtime, &target, options()).await {
            Ok(news) => break news,
            Err(_) => sleep(&runtime, SEC).await,
        }
    };
    news.subscribe(["news", "other"]).await.unwrap();
    news.psubscribe(["n?ws"]).await.unwrap();
    news.unsubscribe(["other"]).await.unwrap();
    while let Some(message) = news.next().await {
        let number = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
        heard.lock().unwrap().push((number, message.pattern.is_some()));
        *connections.lock().unwrap() = news.connections();
    }
}

async fn run(trial: &Trial) {
    serve(trial);
    let (heard, connections) = (Heard::default(), Arc::default());
    let listening = listen(trial.clone(), Arc::clone(&heard), Arc::clone(&connections));
    let _listening = trial.host("subscriber").runtime().spawn(listening);
    let publishing = trial.host("publisher").runtime().spawn(publish(trial.clone()));
    let runtime = trial.host("client").runtime();
    let redis = Redis::lazy(&runtime, &format!("server:{PORT}"), options());
    let mut failed = 0;
    while trial.elapsed() < LONG {
        let before = trial.elapsed();
        let done = match redis.set("key", "value").await {
            Ok(()) => redis.get("key").await.map(drop),
            failed => failed,
        };
        failed += u32::from(done.is_err());
        let took = trial.elapsed() - before;
        trial.always(took <= 20 * SEC, || format!("two calls of 10 s took {took:?}"));
        sleep(&runtime, 300 * MS).await;
    }
    let published = publishing.await.unwrap();
    trial.calm().await;
    // The first may be the one that finds the old connection dead.
    let _ = redis.get("key").await;
    let set = redis.set("key", "at last").await;
    trial.always(set.is_ok(), || format!("after all was mended: {set:?}"));
    let mut client = insider(&trial.host("insider").runtime()).await.unwrap();
    trial.equal("what was set", &client.ask("GET key").await, &"at last".into());
    let list = client.ask("CLIENT LIST").await;
    trial.always(list.contains("name=tester") && list.contains("db=3"), || list.clone());
    // The subscriptions are made again without anybody's doing.
    let again = async {
        for number in published + 1.. {
            if client.ask(&format!("PUBLISH news {number}")).await == ":2" {
                return number;
            }
            trial.sleep(SEC).await;
        }
        unreachable!("there always is another number")
    };
    let last = lab::within(trial, 30 * SEC, again).await;
    trial.always(last.is_some(), || "it has not subscribed again".into());
    trial.sleep(SEC).await;
    let heard = heard.lock().unwrap();
    for by_pattern in [false, true] {
        let numbers: Vec<_> = heard
            .iter()
            .filter(|(_, by)| *by == by_pattern)
            .map(|(number, _)| *number)
            .collect();
        trial.always(numbers.is_sorted_by(|one, next| one < next), || format!("{numbers:?}"));
        trial.equal("the last message", &numbers.last().copied(), &last);
    }
    trial.sometimes("a call failed", failed > 0);
    trial.sometimes("the client connected again", redis.connections() > 1);
    trial.sometimes("it subscribed again", *connections.lock().unwrap() > 1);
    trial.sometimes("a message was missed", (heard.len() as u64) < 2 * published);
}

fn comes_back(config: SweepConfig, name: &str) {
    sweep(config, name, |trial| async move { run(&trial).await });
}

#[test]
fn clients_come_back_when_the_server_does() {
    let families = [Family::Kill, Family::PowerOff, Family::Pause];
    let swarm = Swarm::new(["server"]).families(families).within(LONG - 20 * SEC);
    comes_back(
        lab::seeds(40).swarm(swarm.lasting(20 * SEC)),
        "clients come back when the server does",
    );
}

#[test]
fn clients_come_back_when_the_network_does() {
    let families = [Family::Partition, Family::OneWay, Family::Clog, Family::Reset];
    let hosts = ["server", "client", "subscriber"];
    let swarm = Swarm::new(hosts).families(families).within(LONG - 20 * SEC);
    comes_back(
        lab::seeds(40).swarm(swarm.lasting(20 * SEC)),
        "clients come back when the network does",
    );
}
