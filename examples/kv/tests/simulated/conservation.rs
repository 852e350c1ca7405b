//! What is pushed is popped once, or still there, while connections are lost and hosts go down.
//!
//! A pop whose reply is under way when its connection is lost takes the item with it, in Redis as well: so as many
//! items may be missing as pops have no reply, and no more. `BLMOVE` is there for those who cannot afford that, and
//! then none may be missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wirework::time::sleep;
use wirework_sim::{Dice, Family, SimRuntime, Swarm, SweepConfig, Trial, sweep};

use crate::lab::{self, Client, MS, SEC};

const CONSUMERS: [&str; 3] = ["one", "two", "three"];

/// How long the faults go on, and the clients.
const LONG: Duration = Duration::from_secs(40);

/// What the clients know.
#[derive(Debug, Default)]
struct Books {
    /// Items whose push was confirmed.
    pushed: Vec<String>,
    /// Items whose push may have been done.
    unsure: Vec<String>,
    /// What consumers were given by pops.
    popped: Vec<String>,
    /// What they were told of items that were moved.
    moved: Vec<String>,
    /// Pops that have begun and have no reply, be it that they wait still.
    open: usize,
    is_over: bool,
}

impl Books {
    /// The last push was done.
    fn confirm(&mut self) {
        self.pushed.extend(self.unsure.pop());
    }
}

type Shared = Arc<Mutex<Books>>;

/// Pushes one item after the other to both queues, over as many connections as it takes.
async fn produce(runtime: SimRuntime, mut dice: Dice, life: u32, books: Shared) {
    let mut next = 0;
    while !books.lock().unwrap().is_over {
        let Ok(mut client) = Client::try_connect(&runtime).await else {
            sleep(&runtime, 100 * MS).await;
            continue;
        };
        while !books.lock().unwrap().is_over {
            next += 1;
            let (queue, item) = (*dice.pick(&["pops", "moves"]), format!("{life}-{next}"));
            books.lock().unwrap().unsure.push(format!("{queue}:{item}"));
            let command = format!("{} {queue} {queue}:{item}", dice.pick(&["RPUSH", "LPUSH"]));
            let pushing = client.try_ask(&command);
            let Ok(Ok(_)) = wirework::time::timeout(&runtime, 5 * SEC, pushing).await else {
                break;
            };
            books.lock().unwrap().confirm();
            sleep(&runtime, dice.duration(Duration::ZERO, 500 * MS)).await;
        }
    }
}

/// Pops and moves items, and leaves now and then without a word.
async fn consume(runtime: SimRuntime, mut dice: Dice, name: &'static str, books: Shared) {
    while !books.lock().unwrap().is_over {
        let Ok(mut client) = Client::try_connect(&runtime).await else {
            sleep(&runtime, 100 * MS).await;
            continue;
        };
        while !books.lock().unwrap().is_over {
            let pops = dice.below(2) == 0;
            let command = match (pops, dice.below(2)) {
                (true, 0) => "BLPOP pops 2".to_owned(),
                (true, _) => "BRPOP nothing pops 1".to_owned(),
                (false, 0) => format!("BLMOVE moves mine:{name} LEFT RIGHT 2"),
                (false, _) => format!("BRPOPLPUSH moves mine:{name} 1"),
            };
            books.lock().unwrap().open += usize::from(pops);
            // One that is impatient goes while it waits.
            let patience = if dice.below(8) == 0 {
                dice.duration(MS, SEC)
            } else {
                6 * SEC
            };
            let behind = dice.below(3);
            let asking = async {
                client.send(&command).await?;
                for _ in 0..behind {
                    client.send("PING").await?;
                }
                let reply = client.try_reply().await?;
                for _ in 0..behind {
                    client.try_reply().await?;
                }
                std::io::Result::Ok(reply)
            };
            let Ok(Ok(reply)) = wirework::time::timeout(&runtime, patience, asking).await else {
                break;
            };
            let mut books = books.lock().unwrap();
            books.open -= usize::from(pops);
            if reply == "nil" {
                continue;
            }
            if pops {
                let item = reply.trim_end_matches(']').rsplit(' ').next().unwrap();
                books.popped.push(item.to_owned());
            } else {
                books.moved.push(reply);
            }
        }
    }
}

/// How often each item is in a list.
async fn count(client: &mut Client, list: &str, into: &mut BTreeMap<String, usize>) {
    let items = client.ask(&format!("LRANGE {list} 0 -1")).await;
    for item in items.trim_matches(['[', ']']).split_whitespace() {
        *into.entry(item.to_owned()).or_default() += 1;
    }
}

async fn run(trial: &Trial, books: &Shared) {
    trial.sleep(LONG).await;
    trial.calm().await;
    books.lock().unwrap().is_over = true;
    // The last commands end, those that the server was left with included; and who is still under way sees that it is
    // over.
    trial.sleep(150 * SEC).await;
    let mut client = Client::connect(trial, "auditor").await;
    trial.equal("who waits", &client.info("blocked_clients").await, &0);
    let mut there = BTreeMap::new();
    for list in ["pops", "moves"] {
        count(&mut client, list, &mut there).await;
    }
    let left = there.len();
    for name in CONSUMERS {
        count(&mut client, &format!("mine:{name}"), &mut there).await;
    }
    let books = books.lock().unwrap();
    for item in &books.moved {
        trial.always(there.contains_key(item), || {
            format!("{item} was moved, and is not there")
        });
    }
    for item in &books.popped {
        *there.entry(item.clone()).or_default() += 1;
    }
    for (item, times) in &there {
        trial.always(*times == 1, || format!("{item} is there {times} times"));
        let is_known = books.pushed.contains(item) || books.unsure.contains(item);
        trial.always(is_known, || format!("nobody pushed {item}"));
    }
    let missing: Vec<_> = books.pushed.iter().filter(|item| !there.contains_key(*item)).collect();
    let moved_away = missing.iter().any(|item| item.starts_with("moves"));
    trial.always(!moved_away, || {
        format!("{missing:?} are missing, of which some were only moved")
    });
    trial.always(missing.len() <= books.open, || {
        format!("{missing:?} are missing, and {} pops have no reply", books.open)
    });
    trial.sometimes("an item was popped", !books.popped.is_empty());
    trial.sometimes("an item was moved", !books.moved.is_empty());
    trial.sometimes("an item is left", left > 0);
    trial.sometimes("a pop had no reply", books.open > 0);
}

/// Clients on hosts that may go down and come up again, each time with a program that begins anew.
fn start(trial: &Trial, books: &Shared) {
    lab::far_away(trial, &CONSUMERS);
    lab::far_away(trial, &["producer"]);
    for name in CONSUMERS.into_iter().chain(["producer"]) {
        let (books, mut dice, mut life) = (Arc::clone(books), trial.dice(name), 0);
        trial.host(name).start(move |runtime| {
            life += 1;
            // Each life begins elsewhere in what is left to chance.
            dice.any();
            let (dice, books) = (dice.clone(), Arc::clone(&books));
            async move {
                match name {
                    "producer" => produce(runtime, dice, life, books).await,
                    name => consume(runtime, dice, name, books).await,
                }
            }
        });
    }
}

fn conserves(config: SweepConfig, name: &str) {
    sweep(config, name, |trial| async move {
        let _server = lab::serve(&trial);
        let books = Shared::default();
        start(&trial, &books);
        run(&trial, &books).await;
    });
}

#[test]
fn lost_connections_lose_no_more_than_their_replies() {
    let families = [
        Family::Partition,
        Family::OneWay,
        Family::Clog,
        Family::Reset,
        Family::Pause,
    ];
    let hosts = CONSUMERS.into_iter().chain(["server", "producer"]);
    let swarm = Swarm::new(hosts).families(families).within(LONG).lasting(10 * SEC);
    conserves(
        lab::seeds(40).swarm(swarm),
        "lost connections lose no more than their replies",
    );
}

#[test]
fn hosts_that_go_down_lose_no_more_than_their_replies() {
    let families = [Family::Kill, Family::PowerOff, Family::Pause];
    let hosts = CONSUMERS.into_iter().chain(["producer"]);
    let swarm = Swarm::new(hosts).families(families).within(LONG).lasting(10 * SEC);
    conserves(
        lab::seeds(40).swarm(swarm),
        "hosts that go down lose no more than their replies",
    );
}
