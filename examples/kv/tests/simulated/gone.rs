//! Clients that have gone take nothing with them, however they went.

use std::time::Duration;

use wirework_sim::{Config, Dice, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, SEC};

const MICRO: Duration = Duration::from_micros(1);

const HOSTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// A command that waits at `queue`, with others behind it that are answered afterwards.
async fn wait(client: &mut Client, dice: &mut Dice, behind: u64) {
    let command = *dice.pick(&[
        "BLPOP queue 0",
        "BRPOP other queue 0",
        "BLPOP queue queue 0",
        "BLMOVE queue kept LEFT RIGHT 0",
        "BRPOPLPUSH queue kept 0",
    ]);
    client.send(command).await.unwrap();
    for _ in 0..behind {
        client.send("ECHO behind").await.unwrap();
    }
}

/// Ends a client in one of the ways that its server is told of.
fn end(trial: &Trial, dice: &mut Dice, host: &str, client: Client) {
    match dice.below(3) {
        0 => drop(client),
        1 => trial.host(host).kill(),
        _ => {
            trial.reset_connections(&trial.host(host), &trial.host("server"));
        }
    }
}

#[test]
fn who_is_known_to_have_gone_is_given_nothing() {
    sweep(lab::seeds(120), "who has gone is given nothing", |trial| async move {
        let _server = lab::serve(&trial);
        lab::at_the_server(&trial, &["pusher"]);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let mut dice = trial.dice("clients");
        let mut clients = Vec::new();
        for host in HOSTS {
            let mut client = Client::connect(&trial, host).await;
            let behind = *dice.pick(&[0, 0, 1, 20]);
            wait(&mut client, &mut dice, behind).await;
            clients.push((host, client, behind));
        }
        pusher.settle(&trial, 6).await;
        let mut left = Vec::new();
        for (host, client, behind) in clients {
            if dice.below(2) == 0 {
                end(&trial, &mut dice, host, client);
            } else {
                left.push((client, behind));
            }
        }
        // A millisecond is what it takes for the news to come to the server.
        trial.sleep(MS + NANO).await;
        trial.equal("who waits", &pusher.info("blocked_clients").await, &(left.len() as u64));
        for item in 0..left.len() {
            pusher.ask(&format!("RPUSH queue {item}")).await;
        }
        for (client, behind) in &mut left {
            let reply = lab::within(&trial, SEC, client.reply()).await;
            trial.always(reply.is_some(), || "one that is left was passed over".into());
            for _ in 0..*behind {
                trial.equal("what came behind", &client.reply().await, &"behind".into());
            }
        }
        trial.equal("what nobody took", &pusher.ask("LLEN queue").await, &":0".into());
        trial.equal(
            "connections",
            &pusher.info("connected_clients").await,
            &(left.len() as u64 + 1),
        );
        trial.sometimes("somebody has gone", left.len() < 6);
        trial.sometimes("somebody is left", !left.is_empty());
    });
}

/// Between an item's being popped for a client and its being sent, the client may go. What it has not been sent is put back.
#[test]
fn an_end_at_the_last_moment_loses_nothing() {
    // Tasks take time here, so that things happen between one and the next.
    let world = Config::new().time_limit(3_600 * SEC).poll_cost(MICRO);
    let config = lab::seeds(200).world(world);
    sweep(config, "an end at the last moment loses nothing", |trial| async move {
        let server = lab::serve(&trial);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let mut dice = trial.dice("clients");
        let mut clients = Vec::new();
        for host in HOSTS {
            let mut client = Client::connect(&trial, host).await;
            let command = *dice.pick(&["BLPOP queue 0", "BLPOP queue 0", "BZPOPMIN sorted 0"]);
            client.send(command).await.unwrap();
            clients.push((host, Some(client)));
        }
        pusher.settle(&trial, 6).await;
        for item in 0..6 {
            let command = *dice.pick(&["RPUSH queue", "ZADD sorted 1"]);
            pusher.send(&format!("{command} item:{item}")).await.unwrap();
        }
        // All of it is there after a millisecond, and dealt with some microseconds later.
        trial.sleep(MS).await;
        let mut taken_along = 0;
        for (place, (host, client)) in clients.iter_mut().enumerate() {
            trial.sleep(dice.duration(Duration::ZERO, 10 * MICRO)).await;
            if dice.below(2) == 0 {
                // The pusher was the first, and they came one after the other.
                let id = u64::try_from(place).unwrap() + 1;
                let connections = server.handle().connections();
                let connection = connections.iter().find(|connection| connection.id == id).unwrap();
                taken_along += u64::from(connection.written > 0);
                trial.reset_connections(&trial.host(host), &trial.host("server"));
                *client = None;
            }
        }
        for _ in 0..6 {
            pusher.reply().await;
        }
        trial.sleep(SEC).await;
        let mut taken = 0;
        for client in clients.iter_mut().filter_map(|(_, client)| client.as_mut()) {
            taken += u64::from(lab::within(&trial, MS, client.reply()).await.is_some());
        }
        let mut left = 0;
        for command in ["LLEN queue", "ZCARD sorted"] {
            left += pusher.ask(command).await[1..].parse::<u64>().unwrap();
        }
        trial.always(left + taken + taken_along == 6, || {
            format!("of 6 items, {left} are left, {taken} were taken, and {taken_along} were sent to who then went")
        });
        trial.sometimes("something was taken along", taken_along > 0);
        trial.sometimes("nothing was taken along", taken_along == 0);
    });
}

#[test]
fn who_is_cut_off_in_a_transaction_leaves_the_item_to_the_next() {
    sweep(lab::seeds(30), "who is cut off leaves the item", |trial| async move {
        let _server = lab::serve(&trial);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let mut first = Client::connect(&trial, "one").await;
        let id = first.ask("CLIENT ID").await[1..].to_owned();
        first.send("BLPOP queue 0").await.unwrap();
        pusher.settle(&trial, 1).await;
        let mut second = Client::connect(&trial, "two").await;
        let is_awaited = trial.dice("second").below(2) == 0;
        if is_awaited {
            second.send("BLPOP queue 0").await.unwrap();
            pusher.settle(&trial, 2).await;
        }
        pusher.ask("MULTI").await;
        pusher.ask("RPUSH queue item").await;
        pusher.ask(&format!("CLIENT KILL ID {id}")).await;
        trial.equal("EXEC", &pusher.ask("EXEC").await, &"[:1 :1]".into());
        trial.always(first.try_reply().await.is_err(), || {
            "it was cut off and was answered".into()
        });
        if is_awaited {
            trial.equal("the next", &second.reply().await, &"[queue item]".into());
        }
        let left = if is_awaited { ":0" } else { ":1" };
        trial.equal("what is left", &pusher.ask("LLEN queue").await, &left.into());
    });
}

/// What waits behind a command that waits is bounded: a client that floods is not read any more, and served in the end.
#[test]
fn who_floods_while_it_waits_is_held_back() {
    sweep(
        lab::seeds(6),
        "who floods while it waits is held back",
        |trial| async move {
            let server = lab::serve(&trial);
            let mut pusher = Client::connect(&trial, "pusher").await;
            let mut client = Client::connect(&trial, "one").await;
            client.send("BLPOP queue 0").await.unwrap();
            let echo = format!("ECHO {}", "x".repeat(trial.dice("length").index(2_000) + 1));
            let mut sent = 0;
            while lab::within(&trial, 10 * SEC, client.send(&echo)).await.is_some() {
                sent += 1;
                if sent == 50_000 {
                    return trial.always(false, || "it is never held back".into());
                }
            }
            let read = server
                .handle()
                .connections()
                .iter()
                .map(|connection| connection.read)
                .max();
            // What is read ahead, and what a read brings at most.
            trial.always(read.unwrap() < 200_000, || format!("{read:?} bytes were read"));
            pusher.ask("RPUSH queue item").await;
            trial.equal("its turn", &client.reply().await, &"[queue item]".into());
            // The last one was cut off as it was sent; it may have left in part.
            for _ in 0..sent {
                trial.equal("what came behind", &(client.reply().await.len() + 5), &echo.len());
            }
        },
    );
}
