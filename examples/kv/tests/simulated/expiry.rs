//! When keys end: to the nanosecond, whether somebody looks at them or not, and whatever the clock of the machine is
//! set to.

use std::time::Duration;

use wirework_sim::{Family, Swarm, Trial, sweep};

use crate::lab::{self, Client, MS, NANO, SEC};
use crate::model::{Command, Keys};

/// Redis's time has a grain of a millisecond, and a key lasts up to one longer than was asked for, and never shorter.
#[test]
fn a_key_ends_in_the_millisecond_that_was_asked_for() {
    sweep(lab::seeds(60), "a key ends when it should", |trial| async move {
        let _server = lab::serve(&trial);
        lab::at_the_server(&trial, &["client"]);
        let mut client = Client::connect(&trial, "client").await;
        let mut dice = trial.dice("times");
        for _ in 0..10 {
            trial.sleep(dice.duration(Duration::ZERO, 2 * SEC)).await;
            let (set, now) = (trial.elapsed(), lab::time_of_day(&trial));
            let seconds = dice.between(1, 3);
            let millis = dice.between(1, 3_000);
            let at = now + Duration::from_millis(millis);
            let (command, asked) = match dice.below(6) {
                0 => (format!("SET key value PX {millis}"), millis * MS_PER),
                1 => (format!("SET key value EX {seconds}"), seconds * SEC_PER),
                2 => (format!("PSETEX key {millis} value"), millis * MS_PER),
                3 => (format!("SET key value PXAT {}", at.as_millis()), millis * MS_PER),
                4 => (format!("PEXPIRE key {millis}"), millis * MS_PER),
                _ => (format!("GETEX key EX {seconds}"), seconds * SEC_PER),
            };
            client.ask("SET key value").await;
            client.ask(&command).await;
            // The last millisecond in which it is there.
            let last = now.as_millis() + u128::from(asked) / 1_000_000;
            let last = u64::try_from(last).unwrap();
            trial.equal("its end", &client.ask("PEXPIRETIME key").await, &format!(":{last}"));
            let end = Duration::from_millis(last + 1) - lab::BEGIN;
            trial.sleep(end - NANO - trial.elapsed()).await;
            trial.equal(
                "a nanosecond before its end",
                &client.ask("GET key").await,
                &"value".into(),
            );
            trial.equal("what is left then", &client.ask("PTTL key").await, &":0".into());
            trial.sleep(NANO).await;
            trial.equal("at its end", &client.ask("GET key").await, &"nil".into());
            let lasted = trial.elapsed() - set;
            let asked = Duration::from_nanos(asked);
            trial.always(lasted > asked && lasted <= asked + MS, || {
                format!("{command} lasted {lasted:?}")
            });
        }
    });
}

const MS_PER: u64 = 1_000_000;
const SEC_PER: u64 = 1_000_000_000;

#[test]
fn keys_that_nobody_looks_at_end_as_well() {
    sweep(lab::seeds(25), "keys that nobody looks at end", |trial| async move {
        let _server = lab::serve(&trial);
        lab::at_the_server(&trial, &["client"]);
        let mut client = Client::connect(&trial, "client").await;
        let mut dice = trial.dice("keys");
        let empty = client.info("used_memory").await;
        let mut ends = Vec::new();
        // More than are removed at a time, some of them in the same millisecond.
        for key in 0..dice.between(1, 600) {
            let millis = if dice.below(2) == 0 {
                700
            } else {
                dice.between(1, 1_500)
            };
            let kind = *dice.pick(&["SET", "RPUSH", "SADD"]);
            client.ask(&format!("SELECT {}", key % 3)).await;
            client.ask(&format!("{kind} key:{key} a-value-of-some-length")).await;
            client.ask(&format!("PEXPIRE key:{key} {millis}")).await;
            ends.push(lab::time_of_day(&trial) + Duration::from_millis(millis));
        }
        let keys = u64::try_from(ends.len()).unwrap();
        for look in 0.. {
            let now = lab::time_of_day(&trial);
            let mut there = 0;
            for db in 0..3 {
                client.ask(&format!("SELECT {db}")).await;
                there += client.ask("DBSIZE").await[1..].parse::<usize>().unwrap();
            }
            let left = |at: Duration| ends.iter().filter(|end| **end >= at).count();
            trial.always(there >= left(now), || format!("{there} of {} are there", left(now)));
            // As documented, and the millisecond that is the grain of time.
            let most = left(now - 102 * MS);
            trial.always(there <= most, || {
                format!("{there} are there, and {most} at most should be")
            });
            trial.sometimes("some have ended and some have not", there > 0 && there < ends.len());
            if there == 0 {
                break;
            }
            if look == 1_000 {
                return trial.always(false, || "they never end".into());
            }
            trial.sleep(dice.duration(NANO, 40 * MS)).await;
        }
        trial.equal("expired_keys", &client.info("expired_keys").await, &keys);
        trial.equal("used_memory", &client.info("used_memory").await, &empty);
    });
}

/// Commands at random on a few keys, from several clients, beside a model of them.
async fn beside_a_model(trial: &Trial, rounds: usize) {
    let hosts = ["one", "two", "three"];
    lab::at_the_server(trial, &hosts);
    let mut clients = Vec::new();
    for host in hosts {
        clients.push(Client::connect(trial, host).await);
    }
    let (mut dice, mut model) = (trial.dice("commands"), Keys::default());
    for _ in 0..rounds {
        let pause = match dice.below(4) {
            0 => Duration::ZERO,
            1 => dice.duration(NANO, 30 * MS),
            2 => dice.duration(NANO, 3 * SEC),
            // The instants at which something ends, and those beside them.
            _ => match model.next_end() {
                Some(last) => {
                    let end = Duration::from_millis(last + 1);
                    let to = *dice.pick(&[end, end - NANO, end - MS, end - MS - NANO]);
                    to.saturating_sub(lab::time_of_day(trial))
                }
                None => NANO,
            },
        };
        trial.sleep(pause).await;
        let millis = |trial: &Trial| u64::try_from(lab::time_of_day(trial).as_millis()).unwrap();
        let command = Command::choose(&mut dice, millis(trial));
        let words = command.to_string();
        let reply = dice.pick_mut(&mut clients).ask(&words).await;
        let expected = model.run(&command, millis(trial));
        trial.always(reply == expected, || {
            format!("{words}: {reply}, where {expected} was expected")
        });
        trial.sometimes("a key has ended", model.ended() > 0);
    }
}

/// A shorter way to one of several clients.
trait PickMut {
    fn pick_mut<'a, T>(&mut self, from: &'a mut [T]) -> &'a mut T;
}

impl PickMut for wirework_sim::Dice {
    fn pick_mut<'a, T>(&mut self, from: &'a mut [T]) -> &'a mut T {
        let place = self.index(from.len());
        &mut from[place]
    }
}

#[test]
fn ends_are_set_moved_and_taken_away_as_in_the_model() {
    sweep(lab::seeds(120), "ends are as in the model", |trial| async move {
        let _server = lab::serve(&trial);
        beside_a_model(&trial, 120).await;
    });
}

/// The time of day is told to the server when it starts, and goes on evenly from there: see `clock.rs`. So unlike
/// Redis, which follows the clock of the machine, it keeps all ends where they are when that is set.
#[test]
fn setting_the_clock_ends_nothing() {
    let swarm = Swarm::new(["server"]).families([Family::Clock]).within(60 * SEC);
    sweep(
        lab::seeds(60).swarm(swarm),
        "setting the clock ends nothing",
        |trial| async move {
            let _server = lab::serve(&trial);
            let server = trial.host("server").runtime();
            let date = server.system_time();
            beside_a_model(&trial, 60).await;
            let mut client = Client::connect(&trial, "one").await;
            let now = lab::time_of_day(&trial);
            let told = format!("[{} {}]", now.as_secs(), now.subsec_micros());
            trial.equal("TIME", &client.ask("TIME").await, &told);
            let gone = server.system_time().duration_since(date).unwrap_or_default();
            trial.sometimes("the clock was set", gone.abs_diff(trial.elapsed()) > SEC);
        },
    );
}
