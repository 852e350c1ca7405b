//! Clients that do not read, or read slowly, or stop in the middle: what they cost has a bound, and others do not
//! notice.

use kv::Settings;
use wirework::Runtime;
use wirework_sim::{HostOptions, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, Recorder, SEC};

const HOSTS: [&str; 3] = ["one", "two", "three"];

/// What a message takes while it waits, beside its channel and what is in it.
const OVERHEAD: usize = 96;

/// What the server's system holds for each connection.
const SEND_BUFFER: usize = 50_000;

/// A server, to which other hosts have a way of a millisecond, and one of these whose buffer is small.
fn hosts(trial: &Trial, buffer: usize) {
    let server = HostOptions::new().send_buffer(SEND_BUFFER).receive_buffer(5_000);
    trial.host_with("server", server).unwrap();
    let stuck = HostOptions::new().send_buffer(5_000).receive_buffer(buffer);
    trial.host_with("stuck", stuck).unwrap();
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off_and_nobody_else_notices() {
    sweep(lab::seeds(30), "a subscriber that does not read", |trial| async move {
        let mut dice = trial.dice("sizes");
        let buffer = *dice.pick(&[1_000, 10_000, 100_000]);
        let limit = dice.index(400_000) + 20_000;
        let len = dice.index(3_000) + 500;
        hosts(&trial, buffer);
        let settings = Settings {
            max_unread: limit,
            ..Settings::default()
        };
        let server = lab::serve_with(&trial, settings);
        lab::at_the_server(&trial, &["publisher"]);
        let mut stuck = Client::connect(&trial, "stuck").await;
        stuck.ask("SUBSCRIBE news").await;
        let mut well = Vec::new();
        for host in HOSTS {
            let mut client = Recorder::connect(&trial, host).await;
            client.send("SUBSCRIBE news").await;
            well.push(client);
        }
        let mut publisher = Client::connect(&trial, "publisher").await;
        while publisher.info("connected_clients").await < 5 || publisher.ask("PUBSUB NUMSUB news").await != "[news :4]"
        {
            trial.sleep(MS).await;
        }
        trial.sleep(10 * MS).await;
        for client in &well {
            client.heard();
        }
        let payload = "x".repeat(len);
        let (mut published, mut expected) = (0, Vec::new());
        loop {
            let receivers = publisher.ask(&format!("PUBLISH news {payload}")).await;
            expected.push((trial.elapsed() + MS, format!("[message news {payload}]")));
            if receivers == ":3" {
                break;
            }
            trial.equal("receivers", &receivers, &":4".into());
            published += 1;
            let unsent = server.handle().connections().iter().map(|one| one.unsent).max();
            trial.always(unsent.unwrap() <= 64 * 1024 + len + 100, || {
                format!("{unsent:?} bytes are unsent")
            });
            if published == 10_000 {
                return trial.always(false, || "it is never cut off".into());
            }
            trial.sleep(dice.duration(NANO, 5 * MS)).await;
        }
        // What was on its way or in the write buffer does not count.
        let most = limit / (OVERHEAD + 4 + len) + (64 * 1024 + SEND_BUFFER + buffer) / len + 3;
        let least = limit / (OVERHEAD + 4 + len);
        trial.always((least..=most).contains(&published), || {
            format!("cut off after {published} messages of {len} bytes, where the limit is {limit}")
        });
        trial.equal("clients", &publisher.info("connected_clients").await, &4);
        // Each message came when it should, to the nanosecond.
        trial.sleep(MS + NANO).await;
        for client in &well {
            trial.always(client.heard() == expected, || "one that reads was held up".into());
        }
        // It finds out once it reads.
        let mut read = 0;
        while stuck.try_reply().await.is_ok() {
            read += 1;
        }
        trial.always(read <= published, || {
            format!("{read} of {published} messages were read")
        });
    });
}

#[test]
fn one_that_reads_slowly_but_reads_is_not_cut_off() {
    sweep(lab::seeds(15), "one that reads slowly but reads", |trial| async move {
        hosts(&trial, 2_000);
        let mut dice = trial.dice("rates");
        let settings = Settings {
            max_unread: 200_000,
            ..Settings::default()
        };
        let _server = lab::serve_with(&trial, settings);
        let mut slow = Client::connect(&trial, "stuck").await;
        slow.ask("SUBSCRIBE news").await;
        // A little more than what is published in a second.
        trial.host("stuck").slow_reader(12_000);
        let mut publisher = Client::connect(&trial, "publisher").await;
        let reading = trial.host("stuck").runtime().spawn(async move {
            for number in 0..300 {
                assert_eq!(
                    slow.reply().await,
                    format!("[message news {number}:{}]", "x".repeat(950))
                );
            }
        });
        for number in 0..300 {
            let burst = dice.below(20) == 0;
            trial.equal(
                "PUBLISH",
                &publisher
                    .ask(&format!("PUBLISH news {number}:{}", "x".repeat(950)))
                    .await,
                &":1".into(),
            );
            if !burst {
                trial.sleep(dice.duration(50 * MS, 150 * MS)).await;
            }
        }
        let read = lab::within(&trial, 100 * SEC, reading).await;
        trial.always(matches!(read, Some(Ok(()))), || format!("{read:?}"));
    });
}

/// Asks as long as the server takes it, and reads nothing. Gives how much was asked for.
async fn flood(trial: &Trial, client: &mut Client) -> usize {
    let mut asked = 0;
    while asked < 20_000 && lab::within(trial, SEC, client.send("GET large")).await.is_some() {
        asked += 1;
    }
    trial.always(asked < 20_000, || "it is never held back".into());
    asked
}

#[test]
fn clients_that_do_not_read_replies_are_not_read_and_nobody_else_notices() {
    sweep(lab::seeds(8), "clients that do not read replies", |trial| async move {
        const LARGE: usize = 16 * 1024;
        hosts(&trial, 5_000);
        let server = lab::serve(&trial);
        let mut well = Client::connect(&trial, "one").await;
        well.ask(&format!("SET large {}", "x".repeat(LARGE))).await;
        let mut stuck = Vec::new();
        for _ in 0..6 {
            let mut client = Client::connect(&trial, "stuck").await;
            let asked = flood(&trial, &mut client).await;
            stuck.push((client, asked));
        }
        // And those that stop in the middle of something large.
        let mut halves = Vec::new();
        for _ in 0..6 {
            let stream = wirework::connect(&trial.host("two").runtime(), &format!("server:{}", lab::PORT)).await;
            let mut stream = stream.unwrap();
            let begin = b"*2\r\n$4\r\nECHO\r\n$100000000\r\nonly this";
            futures_lite::AsyncWriteExt::write_all(&mut stream, begin)
                .await
                .unwrap();
            halves.push(stream);
        }
        trial.sleep(SEC).await;
        for connection in server.handle().connections() {
            trial.always(connection.unsent <= 64 * 1024 + LARGE + 100, || {
                format!("{connection:?}")
            });
            trial.always(connection.buffered <= 100, || format!("{connection:?}"));
            trial.always(connection.read < 100_000, || format!("{connection:?}"));
        }
        for number in 1..=50 {
            let before = trial.elapsed();
            trial.equal("a reply", &well.ask("INCR count").await, &format!(":{number}"));
            trial.equal("the time it took", &(trial.elapsed() - before), &(2 * MS));
        }
        // They are served once they read: what was asked for, and in order.
        let (mut client, asked) = stuck.pop().unwrap();
        for _ in 0..asked {
            trial.equal("a large reply", &client.reply().await.len(), &LARGE);
        }
        // Those that still are stuck after a minute are not kept.
        trial.sleep(80 * SEC).await;
        trial.equal("clients", &well.info("connected_clients").await, &2);
        drop((stuck, halves));
    });
}
