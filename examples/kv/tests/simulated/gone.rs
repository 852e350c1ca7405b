//! Clients that have gone take nothing with them, however they went.

use wirework_sim::{Dice, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, SEC};

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

/// In the instant in which a connection ends, nobody can say what comes first. What was not sent yet is put back all
/// the same.
#[test]
fn an_end_at_the_last_moment_loses_nothing() {
    sweep(
        lab::seeds(150),
        "an end at the last moment loses nothing",
        |trial| async move {
            let _server = lab::serve(&trial);
            lab::at_the_server(&trial, &HOSTS);
            lab::at_the_server(&trial, &["pusher"]);
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
            // All of it happens in the same instant: some connections are reset, and in which order tasks learn of that
            // and of what is pushed is left to chance.
            for (host, client) in &mut clients {
                if dice.below(2) == 0 {
                    trial.reset_connections(&trial.host(host), &trial.host("server"));
                    *client = None;
                }
            }
            let (mut pushed, mut added) = (0, 0);
            for _ in 0..6 {
                if dice.below(2) == 0 {
                    pushed += 1;
                    pusher.send("RPUSH queue item").await.unwrap();
                } else {
                    added += 1;
                    pusher
                        .send(&format!("ZADD sorted {added} member:{added}"))
                        .await
                        .unwrap();
                }
            }
            for _ in 0..pushed + added {
                pusher.reply().await;
            }
            trial.sleep(SEC).await;
            let (mut popped, mut taken) = (0, 0);
            for (_, client) in &mut clients {
                let Some(client) = client else { continue };
                match lab::within(&trial, MS, client.reply()).await {
                    Some(reply) if reply.starts_with("[queue") => popped += 1,
                    Some(_) => taken += 1,
                    None => {}
                }
            }
            let left = pusher.ask("LLEN queue").await;
            trial.equal("items that are left", &left, &format!(":{}", pushed - popped));
            let left = pusher.ask("ZCARD sorted").await;
            trial.equal("members that are left", &left, &format!(":{}", added - taken));
            trial.sometimes("something was taken", popped > 0 && taken > 0);
        },
    );
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
                trial.always(sent < 1_000_000, || "it is never held back".into());
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
