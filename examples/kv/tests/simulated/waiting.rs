//! Blocking pops beside a model of them: who is given what, and when exactly.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::time::Duration;

use wirework_sim::{Dice, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, Recorder, SEC};

const KEYS: [&str; 3] = ["a", "b", "c"];
const HOSTS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// What a client waits for.
#[derive(Debug, Clone)]
enum Take {
    /// From the left, or from the right.
    Pop { left: bool },
    Move {
        left: bool,
        into: &'static str,
        to_left: bool,
    },
}

#[derive(Debug)]
struct Waiter {
    who: usize,
    keys: Vec<&'static str>,
    take: Take,
    until: Option<Duration>,
}

/// What a client should have been told, and when.
type Heard = (usize, Duration, String);

/// Lists, and those who wait, in the order in which they came.
#[derive(Debug, Default)]
struct Model {
    lists: BTreeMap<&'static str, VecDeque<String>>,
    waiting: Vec<Waiter>,
    /// Lists that were pushed to, in order.
    changed: VecDeque<&'static str>,
    heard: Vec<Heard>,
    /// Commands that came behind one that waits.
    behind: BTreeMap<usize, usize>,
    now: Duration,
    served: usize,
    timed_out: usize,
}

impl Model {
    fn is_waiting(&self, who: usize) -> bool {
        self.waiting.iter().any(|waiter| waiter.who == who)
    }

    fn push(&mut self, key: &'static str, left: bool, item: String) {
        let list = self.lists.entry(key).or_default();
        if left {
            list.push_front(item);
        } else {
            list.push_back(item);
        }
        self.changed.push_back(key);
    }

    fn pop(&mut self, key: &str, left: bool) -> Option<String> {
        let list = self.lists.get_mut(key)?;
        if left { list.pop_front() } else { list.pop_back() }
    }

    /// The reply to what is waited for, if it can be given of this list.
    fn take(&mut self, key: &'static str, take: &Take) -> Option<String> {
        match *take {
            Take::Pop { left } => self.pop(key, left).map(|item| format!("[{key} {item}]")),
            Take::Move { left, into, to_left } => {
                let item = self.pop(key, left)?;
                self.push(into, to_left, item.clone());
                Some(item)
            }
        }
    }

    /// First come, first served, in the order in which lists were pushed to.
    fn serve(&mut self) {
        while let Some(key) = self.changed.pop_front() {
            let mut place = 0;
            while place < self.waiting.len() {
                let waiter = &self.waiting[place];
                if !waiter.keys.contains(&key) {
                    place += 1;
                    continue;
                }
                let take = waiter.take.clone();
                let Some(reply) = self.take(key, &take) else { break };
                let waiter = self.waiting.remove(place);
                self.served += 1;
                self.answer(waiter.who, self.now, reply);
            }
        }
    }

    fn answer(&mut self, who: usize, at: Duration, reply: String) {
        self.heard.push((who, at, reply));
        for _ in 0..self.behind.remove(&who).unwrap_or(0) {
            self.heard.push((who, at, "+PONG".into()));
        }
    }

    /// A command that may wait.
    fn wait(&mut self, who: usize, keys: Vec<&'static str>, take: Take, timeout: Option<Duration>) {
        for key in keys.clone() {
            if let Some(reply) = self.take(key, &take) {
                self.answer(who, self.now, reply);
                self.serve();
                return;
            }
        }
        let until = timeout.map(|timeout| self.now + timeout);
        self.waiting.push(Waiter { who, keys, take, until });
    }

    /// Time goes on.
    fn reach(&mut self, now: Duration) {
        let is_over = |waiter: &mut Waiter| waiter.until.is_some_and(|until| until <= now);
        for waiter in self.waiting.extract_if(.., is_over).collect::<Vec<_>>() {
            self.timed_out += 1;
            self.answer(waiter.who, waiter.until.unwrap(), "nil".into());
        }
        self.now = now;
    }

    /// What should have been heard since the last time, as it is compared: a client's replies in order.
    fn take_heard(&mut self) -> Vec<Heard> {
        let mut heard = std::mem::take(&mut self.heard);
        heard.sort_by_key(|(who, at, _)| (*who, *at));
        heard
    }
}

/// A blocking command at random: its words, and what it means.
fn choose(dice: &mut Dice) -> (String, Vec<&'static str>, Take, Option<Duration>) {
    let timeout = *dice.pick(&["0", "0.001", "0.25", "1", "1.5"]);
    let duration = Duration::try_from_secs_f64(timeout.parse().unwrap()).unwrap();
    let duration = (!duration.is_zero()).then_some(duration);
    let end = |left: bool| if left { "LEFT" } else { "RIGHT" };
    let left = dice.below(2) == 0;
    if dice.below(3) == 0 {
        let [from, into] = [*dice.pick(&KEYS), *dice.pick(&KEYS)];
        let to_left = dice.below(2) == 0;
        let words = format!("BLMOVE {from} {into} {} {} {timeout}", end(left), end(to_left));
        return (words, vec![from], Take::Move { left, into, to_left }, duration);
    }
    // The same key twice among them.
    let keys: Vec<_> = (0..dice.between(1, 3)).map(|_| *dice.pick(&KEYS)).collect();
    let name = if left { "BLPOP" } else { "BRPOP" };
    let words = format!("{name} {} {timeout}", keys.join(" "));
    (words, keys, Take::Pop { left }, duration)
}

/// Pushes one or more items, and says so in words.
fn push(dice: &mut Dice, model: &mut Model, next: &mut u32) -> String {
    let (key, left) = (*dice.pick(&KEYS), dice.below(2) == 0);
    let mut words = format!("{} {key}", if left { "LPUSH" } else { "RPUSH" });
    for _ in 0..dice.between(1, 3) {
        *next += 1;
        model.push(key, left, next.to_string());
        // Writing to a string does not fail.
        let _ = write!(words, " {next}");
    }
    words
}

/// Several commands as one: nobody is served before all of them have run.
async fn transaction(pusher: &mut Client, dice: &mut Dice, model: &mut Model, next: &mut u32) {
    pusher.ask("MULTI").await;
    for _ in 0..dice.between(1, 4) {
        let key = *dice.pick(&KEYS);
        let words = match dice.below(4) {
            0 => {
                model.lists.remove(key);
                format!("DEL {key}")
            }
            1 => {
                // What would wait does not wait here.
                model.pop(key, true);
                format!("BLPOP {key} 0")
            }
            _ => push(dice, model, next),
        };
        assert_eq!(pusher.ask(&words).await, "+QUEUED");
    }
    pusher.ask("EXEC").await;
    model.serve();
}

async fn run(trial: &Trial) {
    lab::at_the_server(trial, &HOSTS);
    lab::at_the_server(trial, &["pusher"]);
    let mut pusher = Client::connect(trial, "pusher").await;
    let mut clients = Vec::new();
    for host in HOSTS {
        clients.push(Recorder::connect(trial, host).await);
    }
    let (mut model, mut next, mut dice) = (Model::default(), 0, trial.dice("steps"));
    for step in 0..80 {
        model.reach(trial.elapsed());
        let who = dice.index(clients.len());
        match dice.below(8) {
            0..=2 if !model.is_waiting(who) => {
                let (mut words, keys, take, timeout) = choose(&mut dice);
                clients[who].send(&words).await;
                let behind = dice.index(4);
                for _ in 0..behind {
                    clients[who].send("PING").await;
                    words += ", PING";
                }
                model.behind.insert(who, behind);
                model.wait(who, keys, take, timeout);
            }
            3 if model.is_waiting(who) => {
                model.waiting.retain(|waiter| waiter.who != who);
                model.behind.remove(&who);
                clients[who] = Recorder::connect(trial, HOSTS[who]).await;
                trial.sometimes("one that waited has gone", true);
            }
            4 | 5 => {
                let words = push(&mut dice, &mut model, &mut next);
                pusher.ask(&words).await;
                model.serve();
            }
            6 => transaction(&mut pusher, &mut dice, &mut model, &mut next).await,
            _ => trial.sleep(dice.duration(NANO, SEC)).await,
        }
        // Until all of it has happened, and not a moment longer.
        trial.sleep(NANO).await;
        model.reach(trial.elapsed());
        let heard = clients.iter().enumerate().flat_map(|(who, client)| {
            let heard = client.heard().into_iter();
            heard.map(move |(at, reply)| (who, at, reply))
        });
        let (heard, expected) = (heard.collect::<Vec<_>>(), model.take_heard());
        trial.always(heard == expected, || {
            format!("step {step}: {heard:?}, where {expected:?} was expected")
        });
        for key in KEYS {
            let items: Vec<_> = model.lists.get(key).into_iter().flatten().cloned().collect();
            let left = pusher.ask(&format!("LRANGE {key} 0 -1")).await;
            trial.equal(key, &left, &format!("[{}]", items.join(" ")));
        }
    }
    trial.sometimes("somebody was served", model.served > 0);
    trial.sometimes("somebody waited in vain", model.timed_out > 0);
}

#[test]
fn who_waits_is_served_as_in_the_model() {
    sweep(
        lab::seeds(100),
        "who waits is served as in the model",
        |trial| async move {
            let _server = lab::serve(&trial);
            run(&trial).await;
        },
    );
}

/// In the order of their coming, whatever hosts they are on, and each at once.
#[test]
fn many_hosts_are_served_in_the_order_in_which_they_came() {
    const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    sweep(lab::seeds(25), "many hosts are served in order", |trial| async move {
        let _server = lab::serve(&trial);
        lab::far_away(&trial, &NAMES);
        lab::at_the_server(&trial, &["pusher"]);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let mut dice = trial.dice("order");
        let mut order: Vec<usize> = (0..NAMES.len()).collect();
        dice.shuffle(&mut order);
        let mut clients = Vec::new();
        for (place, name) in order.iter().enumerate() {
            let mut client = Recorder::connect(&trial, NAMES[*name]).await;
            let command = *dice.pick(&["BLPOP list 0", "BRPOP other list 0", "BLMOVE list mine LEFT LEFT 0"]);
            client.send(command).await;
            clients.push((client, command));
            pusher.settle(&trial, u64::try_from(place).unwrap() + 1).await;
        }
        // One after the other, some of them at once.
        let mut item = 0;
        while item < clients.len() {
            let count = (dice.index(4) + 1).min(clients.len() - item);
            let items: Vec<_> = (item..item + count).map(|item| item.to_string()).collect();
            pusher.ask(&format!("RPUSH list {}", items.join(" "))).await;
            trial.sleep(dice.duration(Duration::ZERO, 50 * MS)).await;
            item += count;
        }
        trial.equal("what is left", &pusher.ask("LLEN list").await, &":0".into());
        trial.sleep(100 * SEC).await;
        // `BRPOP` takes from the other end of what came at once, so only whose turn it was is known of those.
        let mut turns = Vec::new();
        for (place, (client, command)) in clients.iter().enumerate() {
            let heard = client.heard();
            trial.equal("replies", &heard.len(), &1);
            let item = heard[0].1.trim_end_matches(']').rsplit(' ').next().unwrap().to_owned();
            if !command.starts_with("BRPOP") {
                turns.push((place, item.parse::<usize>().unwrap()));
            }
        }
        trial.always(turns.is_sorted_by_key(|(_, item)| *item), || format!("{turns:?}"));
    });
}

/// What a client sends behind a command that waits is answered when that is, be it no command at all.
#[test]
fn what_is_no_command_waits_for_its_turn() {
    sweep(lab::seeds(10), "what is no command waits", |trial| async move {
        let _server = lab::serve(&trial);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let lines = b"BLPOP list 0\r\nECHO behind\r\n\"no closing quote\r\n";
        let mut client = Client::connect_with(&trial, "client", lines).await;
        pusher.settle(&trial, 1).await;
        let early = lab::within(&trial, SEC, client.reply()).await;
        trial.equal("an early reply", &early, &None);
        pusher.ask("RPUSH list item").await;
        trial.equal("the first", &client.reply().await, &"[list item]".into());
        trial.equal("the second", &client.reply().await, &"behind".into());
        let refusal = "-ERR Protocol error: unbalanced quotes in request";
        trial.equal("the last", &client.reply().await, &refusal.into());
        trial.always(client.try_reply().await.is_err(), || "it goes on".into());
    });
}

#[test]
fn who_wants_no_reply_gets_none_for_waiting_either() {
    sweep(lab::seeds(10), "who wants no reply gets none", |trial| async move {
        let _server = lab::serve(&trial);
        let mut pusher = Client::connect(&trial, "pusher").await;
        let mut client = Client::connect(&trial, "client").await;
        let is_served = trial.dice("served").below(2) == 0;
        client.send("CLIENT REPLY SKIP").await.unwrap();
        client.send("BLPOP list 1").await.unwrap();
        client.send("ECHO one").await.unwrap();
        pusher.settle(&trial, 1).await;
        if is_served {
            pusher.ask("RPUSH list item").await;
        }
        trial.equal("a reply", &client.reply().await, &"one".into());
        client.send("CLIENT REPLY OFF").await.unwrap();
        client.send("BLPOP list 1").await.unwrap();
        client.send("CLIENT REPLY ON").await.unwrap();
        trial.equal("a reply", &client.reply().await, &"+OK".into());
        trial.equal("what is left", &pusher.ask("LLEN list").await, &":0".into());
    });
}
