//! The end of the server, in order: whatever has come by then is answered, and whatever was published is delivered.

use std::time::Duration;

use futures_lite::AsyncWriteExt;
use wirework::{FramedRead, Runtime, Split};
use wirework_resp::{Value, ValueDecoder};
use wirework_sim::{Dice, Link, Trial, sweep};

use crate::lab::{self, Client, MS, PORT, SEC};

const HOSTS: [&str; 4] = ["one", "two", "three", "four"];

/// How long a byte is under way.
const WAY: Duration = Duration::from_millis(3);

/// What became of a client's commands.
struct Outcome {
    /// When the last byte of each had come to the server.
    came: Vec<Duration>,
    replies: Vec<i64>,
}

/// Counts up, with many commands at a time that are cut anywhere, until the connection ends.
async fn count_up(trial: Trial, host: &'static str) -> Outcome {
    let (runtime, mut dice) = (trial.host(host).runtime(), trial.dice(host));
    let stream = wirework::connect(&runtime, &format!("server:{PORT}")).await.unwrap();
    let (read, mut write) = stream.split();
    let mut read = FramedRead::new(read, ValueDecoder::new());
    let replies = runtime.spawn(async move {
        let mut replies = Vec::new();
        while let Ok(Some(Value::Integer(value))) = read.next().await {
            replies.push(value);
        }
        replies
    });
    let mut came = Vec::new();
    // Of both forms; the second is what people type.
    let forms = [&b"*2\r\n$4\r\nINCR\r\n$5\r\ncount\r\n"[..], b"INCR count\r\n"];
    'sending: for _ in 0..60 {
        let form = *dice.pick(&forms);
        let batch = form.repeat(dice.index(30) + 1);
        let mut sent = 0;
        while sent < batch.len() {
            let chunk = (dice.index(200) + 1).min(batch.len() - sent);
            if write.write_all(&batch[sent..sent + chunk]).await.is_err() {
                break 'sending;
            }
            let before = sent / form.len();
            sent += chunk;
            came.extend((before..sent / form.len()).map(|_| trial.elapsed() + WAY));
            if dice.below(3) == 0 {
                trial.sleep(dice.duration(Duration::ZERO, 20 * MS)).await;
            }
        }
        trial.sleep(dice.duration(Duration::ZERO, 100 * MS)).await;
    }
    let replies = replies.await.unwrap();
    Outcome { came, replies }
}

/// Hosts from which everything takes the same time.
fn hosts(trial: &Trial) {
    let server = trial.host("server");
    let mut dice = trial.dice("links");
    for host in HOSTS {
        let link = Link::new().latency(WAY).mtu(*dice.pick(&[65_535, 1_500, 100]));
        trial.set_link(&trial.host(host), &server, link).unwrap();
    }
}

#[test]
fn what_has_come_is_answered() {
    sweep(lab::seeds(60), "what has come is answered", |trial| async move {
        let server = lab::serve(&trial);
        hosts(&trial);
        let counting: Vec<_> = HOSTS
            .into_iter()
            .map(|host| trial.host(host).runtime().spawn(count_up(trial.clone(), host)))
            .collect();
        trial.sleep(trial.dice("end").duration(10 * MS, 4 * SEC)).await;
        let end = trial.elapsed();
        let report = server.shutdown().await;
        trial.equal("connections that were cut", &report.cut, &0);
        trial.equal("connections that failed", &report.failed, &0);
        trial.equal("connections that are left", &report.active, &0);
        let mut all = Vec::new();
        for counting in counting {
            let Outcome { came, replies } = counting.await.unwrap();
            let by_then = came.iter().filter(|at| **at < end).count();
            trial.always(replies.len() >= by_then, || {
                format!("{by_then} commands had come, and {} were answered", replies.len())
            });
            trial.always(replies.is_sorted_by(|one, next| one < next), || format!("{replies:?}"));
            trial.sometimes("a connection was ended between commands", replies.len() < came.len());
            all.extend(replies);
        }
        // None was run and not answered: there is a reply with every number.
        all.sort_unstable();
        let numbers: Vec<_> = (1..).take(all.len()).collect();
        trial.equal("all replies", &all, &numbers);
    });
}

/// Waits, in one of the ways in which a client can wait when the server ends.
async fn wait(trial: &Trial, dice: &mut Dice, host: &str) -> (Client, Vec<String>) {
    let mut client = Client::connect(trial, host).await;
    let mut expected = Vec::new();
    if dice.below(2) == 0 {
        client.ask("HELLO 3").await;
    }
    client.send("BLPOP nothing 0").await.unwrap();
    expected.push("nil".to_owned());
    for _ in 0..dice.below(3) {
        client.send("ECHO behind").await.unwrap();
        expected.push("behind".to_owned());
    }
    if dice.below(2) == 0 {
        client.send("BRPOP nothing 1000").await.unwrap();
        expected.push("nil".to_owned());
    }
    (client, expected)
}

#[test]
fn who_waits_is_told() {
    sweep(lab::seeds(40), "who waits is told of the end", |trial| async move {
        let server = lab::serve(&trial);
        hosts(&trial);
        let mut dice = trial.dice("clients");
        let mut clients = Vec::new();
        for host in HOSTS {
            clients.push(wait(&trial, &mut dice, host).await);
        }
        // What they sent has come.
        trial.sleep(WAY + MS).await;
        let begun = trial.elapsed();
        let report = server.shutdown().await;
        trial.equal("connections that were cut", &report.cut, &0);
        trial.always(trial.elapsed() - begun < 2 * SEC, || "the end took long".into());
        for (mut client, expected) in clients {
            for expected in expected {
                trial.equal("a reply", &client.reply().await, &expected);
            }
            let end = client.try_reply().await.map_err(|error| error.kind());
            trial.equal("then", &end, &Err(std::io::ErrorKind::UnexpectedEof));
        }
    });
}

#[test]
fn what_was_published_is_delivered() {
    sweep(lab::seeds(30), "what was published is delivered", |trial| async move {
        lab::small_server(&trial);
        let server = lab::serve(&trial);
        hosts(&trial);
        lab::at_the_server(&trial, &["publisher"]);
        let mut clients = Vec::new();
        for host in HOSTS {
            let mut client = Client::connect(&trial, host).await;
            client.ask("SUBSCRIBE news").await;
            clients.push(client);
        }
        let mut publisher = Client::connect(&trial, "publisher").await;
        let payload = "x".repeat(trial.dice("length").index(6_000) + 1);
        for _ in 0..50 {
            trial.equal(
                "PUBLISH",
                &publisher.ask(&format!("PUBLISH news {payload}")).await,
                &":4".into(),
            );
        }
        let ending = trial.host("server").runtime().spawn(server.shutdown());
        for client in &mut clients {
            for _ in 0..50 {
                let message = client.try_reply().await;
                trial.equal("a message", &message.ok(), &Some(format!("[message news {payload}]")));
            }
            trial.always(client.try_reply().await.is_err(), || "it goes on".into());
        }
        trial.equal("connections that were cut", &ending.await.unwrap().cut, &0);
    });
}
