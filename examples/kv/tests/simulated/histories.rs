//! Many clients, few keys, and connections that fail: what they saw can have happened in some order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wirework::Runtime;
use wirework::time::{sleep, timeout};
use wirework_resp::{Redis, RedisOptions};
use wirework_sim::{Dice, Family, Swarm, Trial, sweep};

use crate::lab::{self, Client, MS, PORT, SEC};
use crate::linearizable::{Call, Op, is_linearizable};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// What was seen of each key, and the next number that is unlike all others.
#[derive(Debug, Clone, Default)]
struct Journal {
    calls: Arc<Mutex<BTreeMap<&'static str, Vec<Call>>>>,
    next: Arc<AtomicU64>,
}

/// Where a call is in the journal.
type Place = (&'static str, usize);

impl Journal {
    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn choose(&self, dice: &mut Dice) -> (&'static str, Op) {
        // Far apart, so that what was counted up is not taken for what was set.
        let value = self.number() * 1_000;
        let op = *dice.pick(&[
            Op::Incr,
            Op::Incr,
            Op::Get,
            Op::Get,
            Op::Set(value),
            Op::SetNx(value),
            Op::GetSet(value),
            Op::Del,
        ]);
        (*dice.pick(&KEYS), op)
    }

    fn begin(&self, line: u64, key: &'static str, op: Op, begin: Duration) -> Place {
        let mut calls = self.calls.lock().unwrap();
        let calls = calls.entry(key).or_default();
        let end = None;
        calls.push(Call { line, op, begin, end });
        (key, calls.len() - 1)
    }

    fn end(&self, (key, place): Place, at: Duration, reply: String) {
        self.calls.lock().unwrap().get_mut(key).unwrap()[place].end = Some((at, reply));
    }

    /// It was never sent, as it turned out.
    fn undo(&self, (key, place): Place) {
        // A line for itself, and not there for anybody: a read without a reply.
        self.calls.lock().unwrap().get_mut(key).unwrap()[place].op = Op::Get;
    }
}

/// A plain client, with several commands under way at a time, over as many connections as it takes.
async fn plain(trial: Trial, host: &'static str, journal: Journal) {
    let (runtime, mut dice) = (trial.host(host).runtime(), trial.dice(host));
    let mut left = 7;
    while left > 0 {
        let Ok(mut client) = Client::try_connect(&runtime).await else {
            sleep(&runtime, 100 * MS).await;
            continue;
        };
        let line = journal.number();
        while left > 0 {
            left -= 1;
            sleep(&runtime, dice.duration(Duration::ZERO, SEC)).await;
            let asking = async {
                let mut asked = Vec::new();
                for _ in 0..dice.between(1, 3) {
                    let (key, op) = journal.choose(&mut dice);
                    asked.push(journal.begin(line, key, op, trial.elapsed()));
                    client.send(&op.words(key)).await?;
                }
                for place in asked {
                    let reply = client.try_reply().await?;
                    journal.end(place, trial.elapsed(), reply);
                }
                std::io::Result::Ok(())
            };
            if !matches!(timeout(&runtime, 5 * SEC, asking).await, Ok(Ok(()))) {
                break;
            }
        }
    }
}

/// One of several tasks that share a client.
async fn sharing(trial: Trial, name: &'static str, redis: Redis, journal: Journal) {
    let (runtime, mut dice) = (trial.host("shared").runtime(), trial.dice(name));
    for _ in 0..8 {
        sleep(&runtime, dice.duration(Duration::ZERO, SEC)).await;
        let (key, op) = journal.choose(&mut dice);
        let place = journal.begin(journal.number(), key, op, trial.elapsed());
        match redis.cmd(lab::words(&op.words(key))).await {
            Ok(reply) => journal.end(place, trial.elapsed(), lab::text(&reply)),
            Err(error) if error.maybe_sent() => {}
            Err(_) => journal.undo(place),
        }
    }
}

#[test]
fn what_clients_see_can_have_happened() {
    let hosts = ["server", "one", "two", "shared"];
    let families = [
        Family::Partition,
        Family::OneWay,
        Family::Clog,
        Family::Reset,
        Family::Pause,
    ];
    let swarm = Swarm::new(hosts).families(families).within(8 * SEC).lasting(5 * SEC);
    sweep(
        lab::seeds(150).swarm(swarm),
        "what clients see can have happened",
        |trial| async move {
            let _server = lab::serve(&trial);
            lab::far_away(&trial, &["one", "two", "shared"]);
            let journal = Journal::default();
            let shared = trial.host("shared").runtime();
            let options = RedisOptions::new()
                .timeout(5 * SEC)
                .connect_timeout(2 * SEC)
                .backoff(50 * MS, SEC);
            let redis = Redis::lazy(&shared, &format!("server:{PORT}"), options);
            let mut tasks = Vec::new();
            for name in ["x", "y", "z"] {
                tasks.push(shared.spawn(sharing(trial.clone(), name, redis.clone(), journal.clone())));
            }
            for host in ["one", "two"] {
                let runtime = trial.host(host).runtime();
                tasks.push(runtime.spawn(plain(trial.clone(), host, journal.clone())));
            }
            for task in tasks {
                task.await.unwrap();
            }
            let calls = journal.calls.lock().unwrap();
            for (key, calls) in &*calls {
                trial.always(is_linearizable(calls), || format!("{key}: {calls:?}"));
            }
            let all = || calls.values().flatten();
            trial.sometimes("a command had no reply", all().any(|call| call.end.is_none()));
            trial.sometimes("the shared client connected again", redis.connections() > 1);
            trial.sometimes("all commands had a reply", all().all(|call| call.end.is_some()));
        },
    );
}

/// Counters that everybody counts up, over connections that fail: no number twice, and none that nobody asked for.
#[test]
fn counters_conserve() {
    let hosts = ["server", "one", "two"];
    let families = [Family::Partition, Family::Clog, Family::Reset];
    let swarm = Swarm::new(hosts).families(families).within(20 * SEC).lasting(5 * SEC);
    sweep(lab::seeds(40).swarm(swarm), "counters conserve", |trial| async move {
        let _server = lab::serve(&trial);
        lab::far_away(&trial, &["one", "two"]);
        let mut tasks = Vec::new();
        for host in ["one", "two"] {
            let (runtime, trial) = (trial.host(host).runtime(), trial.clone());
            let options = RedisOptions::new()
                .timeout(3 * SEC)
                .connect_timeout(2 * SEC)
                .backoff(50 * MS, SEC);
            let redis = Redis::lazy(&runtime, &format!("server:{PORT}"), options);
            for task in 1..=3_u32 {
                let (redis, sleeping, mut dice) = (redis.clone(), runtime.clone(), trial.dice(host));
                tasks.push(runtime.spawn(async move {
                    let (mut seen, mut unsure) = (Vec::new(), 0_usize);
                    for _ in 0..40 {
                        sleep(&sleeping, dice.duration(Duration::ZERO, task * 200 * MS)).await;
                        match redis.incr("counter").await {
                            Ok(value) => seen.push(value),
                            Err(error) => unsure += usize::from(error.maybe_sent()),
                        }
                    }
                    (seen, unsure)
                }));
            }
        }
        let (mut seen, mut unsure) = (Vec::new(), 0);
        for task in tasks {
            let (some, maybe) = task.await.unwrap();
            trial.always(some.is_sorted(), || format!("a task saw {some:?}"));
            seen.extend(some);
            unsure += maybe;
        }
        trial.calm().await;
        trial.sleep(SEC).await;
        let mut client = Client::connect(&trial, "auditor").await;
        let count: usize = client.ask("GET counter").await.parse().unwrap();
        let answered = seen.len();
        seen.sort_unstable();
        seen.dedup();
        trial.equal("different numbers", &seen.len(), &answered);
        trial.always((answered..=answered + unsure).contains(&count), || {
            format!("{count} were counted, of {answered} that were answered and {unsure} that may have been run")
        });
        trial.sometimes("some may have been run", unsure > 0);
    });
}
