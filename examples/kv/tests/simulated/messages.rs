//! Messages: every subscriber gets each of them once, in order, from the confirmation of its subscription to that of
//! its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wirework::Runtime;
use wirework_sim::{Dice, HostOptions, Latency, Link, SimTask, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, Recorder, SEC};

const HOSTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// The number in a message for a client, and whether it has come by a pattern.
fn number(message: &str) -> Option<(u64, bool)> {
    let mut words = message.trim_start_matches('>').trim_matches(['[', ']']).split(' ');
    let by_pattern = match words.next()? {
        "message" => false,
        "pmessage" => true,
        _ => return None,
    };
    Some((words.next_back()?.parse().unwrap(), by_pattern))
}

/// Numbers, published one after the other by a client of its own.
struct Publisher {
    task: SimTask<(u64, u64)>,
    stop: Arc<AtomicBool>,
}

impl Publisher {
    /// Publishes as long as it is wanted, a message after each pause.
    fn begin(trial: &Trial, mut dice: Dice, pause: Duration, len: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sim, is_over) = (trial.clone(), Arc::clone(&stop));
        let task = trial.host("publisher").runtime().spawn(async move {
            let mut client = Client::connect(&sim, "publisher").await;
            let (mut published, mut received) = (0, 0);
            let rest = "x".repeat(len);
            while !is_over.load(Ordering::Relaxed) {
                // The number stands last, where it is found.
                let reply = client.ask(&format!("PUBLISH news.{rest} {published}")).await;
                received += reply[1..].parse::<u64>().unwrap();
                published += 1;
                sim.sleep(dice.duration(Duration::ZERO, pause)).await;
            }
            (published, received)
        });
        Self { task, stop }
    }

    /// How many messages there were, and how often somebody was to get one.
    async fn end(self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Subscribes, listens for a while, and ends the subscription or stays. Gives what has come, in order.
async fn listen(trial: Trial, host: &'static str) -> Vec<String> {
    let mut dice = trial.dice(host);
    let mut client = Client::connect(&trial, host).await;
    let is_new = dice.below(2) == 0;
    if is_new {
        client.ask("HELLO 3").await;
    }
    trial.sleep(dice.duration(Duration::ZERO, 2 * SEC)).await;
    let (kind, name) = *dice.pick(&[("", "news.x"), ("P", "news*"), ("P", "*")]);
    client.send(&format!("{kind}SUBSCRIBE {name}")).await.unwrap();
    if dice.below(3) == 0 {
        client.send("SUBSCRIBE news.x other").await.unwrap();
    }
    let until = trial.elapsed() + dice.duration(Duration::ZERO, 4 * SEC);
    let mut heard = Vec::new();
    while let Some(message) = lab::within(&trial, until.saturating_sub(trial.elapsed()), client.reply()).await {
        heard.push(message);
    }
    let leaves = dice.below(2) == 0;
    if leaves {
        client.send("UNSUBSCRIBE").await.unwrap();
        client.send("PUNSUBSCRIBE").await.unwrap();
        client.send("PING").await.unwrap();
    }
    let last = if is_new { "+PONG" } else { "[pong ]" };
    // Until all is silent: the others, and what is under way.
    while let Some(message) = lab::within(&trial, 100 * SEC, client.reply()).await {
        heard.push(message);
    }
    let pong = heard.iter().position(|message| message == "+PONG" || message == last);
    trial.always(leaves == pong.is_some(), || format!("{host}: {heard:?}"));
    if let Some(pong) = pong {
        trial.always(pong + 1 == heard.len(), || {
            format!("{host} heard something after the end: {heard:?}")
        });
    }
    heard
}

#[test]
fn everybody_gets_everything_once_and_in_order() {
    sweep(
        lab::seeds(60),
        "everybody gets everything once and in order",
        |trial| async move {
            let _server = lab::serve(&trial);
            lab::far_away(&trial, &HOSTS);
            let publisher = Publisher::begin(&trial, trial.dice("publisher"), 50 * MS, 1);
            let listening: Vec<_> = HOSTS
                .into_iter()
                .map(|host| trial.host(host).runtime().spawn(listen(trial.clone(), host)))
                .collect();
            trial.sleep(8 * SEC).await;
            let (published, received) = publisher.end().await;
            let mut total = 0;
            for (host, listening) in HOSTS.into_iter().zip(listening) {
                let heard = listening.await.unwrap();
                for wanted in [false, true] {
                    let numbers: Vec<_> = heard.iter().filter_map(|message| number(message)).collect();
                    let numbers: Vec<_> = numbers
                        .iter()
                        .filter(|(_, by)| *by == wanted)
                        .map(|(number, _)| *number)
                        .collect();
                    let in_order = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
                    trial.always(in_order, || format!("{host}: {numbers:?}"));
                    let stays = !heard.iter().any(|message| message.contains("unsubscribe"));
                    if let Some(last) = numbers.last().filter(|_| stays) {
                        trial.equal("the last message", last, &(published - 1));
                    }
                    total += u64::try_from(numbers.len()).unwrap();
                }
                // The first message by a subscription comes behind its confirmation, and none behind that of its end.
                for (place, message) in heard.iter().enumerate() {
                    let Some((_, by_pattern)) = number(message) else {
                        continue;
                    };
                    let word = if by_pattern { "psubscribe" } else { "subscribe" };
                    let is_confirmed = |message: &String| message.trim_start_matches(['>', '[']).starts_with(word);
                    trial.always(heard[..place].iter().any(is_confirmed), || format!("{host}: {heard:?}"));
                    let end = if by_pattern { "punsubscribe" } else { "unsubscribe" };
                    let is_over = |message: &String| message.trim_start_matches(['>', '[']).starts_with(end);
                    trial.always(!heard[..place].iter().any(is_over), || format!("{host}: {heard:?}"));
                }
            }
            trial.equal("messages received", &total, &received);
            trial.sometimes("messages came both ways", total > published);
        },
    );
}

/// More is published than a subscriber can take. It leaves when it wants to, gets what was published until then, and
/// nothing of it when it comes back.
#[test]
fn who_cannot_keep_up_can_leave() {
    sweep(lab::seeds(30), "who cannot keep up can leave", |trial| async move {
        lab::small_server(&trial);
        let server = lab::serve(&trial);
        let options = HostOptions::new().receive_buffer(2_000);
        let host = trial.host_with("slow", options).unwrap();
        let slow = Link::new().latency(20 * MS).bandwidth(20_000);
        trial.set_link(&host, &trial.host("server"), slow).unwrap();
        let mut dice = trial.dice("slow");
        let mut client = Client::connect(&trial, "slow").await;
        let is_new = dice.below(2) == 0;
        if is_new {
            client.ask("HELLO 3").await;
        }
        let name = format!("news.{}", "x".repeat(900));
        client.ask(&format!("SUBSCRIBE {name}")).await;
        // About 90,000 bytes a second.
        let publisher = Publisher::begin(&trial, trial.dice("publisher"), 20 * MS, 900);
        let mut heard = Vec::new();
        let leave_at = trial.elapsed() + dice.duration(SEC, 3 * SEC);
        while trial.elapsed() < leave_at {
            heard.push(client.reply().await);
        }
        client.send("UNSUBSCRIBE").await.unwrap();
        let unsent = server.handle().connections().iter().map(|one| one.unsent).max();
        trial.sometimes("messages waited for it", unsent.unwrap() >= 60_000);
        // What was written already has to come through; what goes on being published must not be in the way.
        let confirmed = async {
            loop {
                let message = client.reply().await;
                if number(&message).is_none() {
                    break message;
                }
                heard.push(message);
            }
        };
        let confirmed = lab::within(&trial, 1_000 * SEC, confirmed).await;
        trial.always(confirmed.is_some(), || "it cannot leave".into());
        let again = lab::within(&trial, 5 * SEC, client.reply()).await;
        trial.equal("a message after the end", &again, &None);
        let (_, received) = publisher.end().await;
        let numbers: Vec<_> = heard
            .iter()
            .filter_map(|message| number(message))
            .map(|(number, _)| number)
            .collect();
        trial.always(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), || {
            format!("{numbers:?}")
        });
        trial.equal("messages received", &u64::try_from(numbers.len()).unwrap(), &received);
        // It comes back, to what is published from now on.
        client.ask(&format!("SUBSCRIBE {name}")).await;
        let stale = lab::within(&trial, 5 * SEC, client.reply()).await;
        trial.equal("an old message", &stale, &None);
        let mut other = Client::connect(&trial, "other").await;
        trial.equal("PUBLISH", &other.ask(&format!("PUBLISH {name} 7")).await, &":1".into());
        trial.equal("a new message", &number(&client.reply().await), &Some((7, false)));
    });
}

/// A reply says that all that was published before the command has come.
#[test]
fn a_reply_comes_behind_what_was_published_before() {
    sweep(
        lab::seeds(40),
        "a reply comes behind what was published",
        |trial| async move {
            lab::small_server(&trial);
            let server = lab::serve(&trial);
            let link = Link::new().latency(Latency::Uniform(MS, 50 * MS)).mtu(1_500);
            trial
                .set_link(&trial.host("subscriber"), &trial.host("server"), link)
                .unwrap();
            lab::at_the_server(&trial, &["publisher"]);
            let mut subscriber = Client::connect(&trial, "subscriber").await;
            let mut publisher = Client::connect(&trial, "publisher").await;
            let mut dice = trial.dice("messages");
            let is_new = dice.below(2) == 0;
            if is_new {
                subscriber.ask("HELLO 3").await;
            }
            // A long name makes for long messages.
            let name = format!("news.{}", "x".repeat(*dice.pick(&[1, 20_000])));
            subscriber.ask(&format!("SUBSCRIBE {name}")).await;
            for _ in 0..20 {
                let count = dice.below(10);
                for number in 0..count {
                    publisher.ask(&format!("PUBLISH {name} {number}")).await;
                }
                let (command, reply) = match dice.below(3) {
                    0 => ("PING".to_owned(), if is_new { "+PONG" } else { "[pong ]" }.to_owned()),
                    1 => ("UNSUBSCRIBE other".to_owned(), "[unsubscribe other :1]".to_owned()),
                    _ => (format!("SUBSCRIBE {name}"), format!("[subscribe {name} :1]")),
                };
                subscriber.send(&command).await.unwrap();
                let unsent = server.handle().connections().iter().map(|one| one.unsent).max();
                trial.sometimes("messages waited for it", unsent.unwrap() >= 60_000);
                for expected in 0..count {
                    let message = subscriber.reply().await;
                    trial.equal("a message", &number(&message), &Some((expected, false)));
                }
                let confirmation = subscriber.reply().await;
                trial.equal(&command, &confirmation.trim_start_matches('>').to_owned(), &reply);
            }
        },
    );
}

/// In RESP3 a subscriber can wait for something else: its messages come all the same, and at once.
#[test]
fn who_waits_still_gets_its_messages() {
    sweep(
        lab::seeds(30),
        "who waits still gets its messages",
        |trial| async move {
            let _server = lab::serve(&trial);
            lab::at_the_server(&trial, &["subscriber", "publisher"]);
            let mut subscriber = Recorder::connect(&trial, "subscriber").await;
            let mut publisher = Client::connect(&trial, "publisher").await;
            for command in ["HELLO 3", "SUBSCRIBE news", "BLPOP list 0"] {
                subscriber.send(command).await;
            }
            publisher.settle(&trial, 1).await;
            trial.sleep(NANO).await;
            subscriber.heard();
            let mut dice = trial.dice("times");
            for number in 0..10 {
                trial.sleep(dice.duration(NANO, SEC)).await;
                publisher.ask(&format!("PUBLISH news {number}")).await;
                let now = trial.elapsed();
                trial.sleep(NANO).await;
                let expected = vec![(now, format!(">[message news {number}]"))];
                trial.equal("a message", &subscriber.heard(), &expected);
            }
            publisher.ask("RPUSH list item").await;
            trial.sleep(NANO).await;
            let heard: Vec<_> = subscriber.heard().into_iter().map(|(_, reply)| reply).collect();
            trial.equal("what it waited for", &heard, &vec!["[list item]".into()]);
        },
    );
}
