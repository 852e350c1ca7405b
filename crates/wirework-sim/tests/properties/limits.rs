//! Bounds that peers cannot push.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::{Frame, LengthDelimited};
use wirework::time::{sleep, timeout};
use wirework::{Framed, Network, ReadError, Runtime, Server, WhenFull};
use wirework_sim::{Family, HostOptions, Plan, Swarm, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC, codec};

#[test]
fn a_frame_beyond_the_limit_is_refused_and_one_at_it_is_not() {
    sweep(SweepConfig::new(), "frames have a limit", |trial| async move {
        let (client, server) = lab::rough_pair(&trial);
        let (mut there, here) = lab::connection(&trial, &client, &server).await;
        let mut dice = trial.dice("limit");
        let limit = dice.index(2_000);
        let sending = client.spawn(async move {
            let wire = lab::wire(&[vec![1; limit].into(), vec![2; limit + 1].into()]);
            drop(there.write_all(&wire).await);
            there
        });
        let mut framed = Framed::new(here, LengthDelimited::new().width(2).max_len(limit));
        let first = framed.next().await.unwrap();
        trial.equal("the frame at the limit", &first, &Some(Frame::from(vec![1; limit])));
        let second = framed.next().await;
        trial.always(matches!(second, Err(ReadError::Decode(_))), || {
            format!("beyond {limit} bytes: {second:?}")
        });
        // Not even the bytes of it were kept.
        trial.always(framed.read_ahead() <= limit + 2 + 64 * 1024, || {
            format!("{} bytes are held", framed.read_ahead())
        });
        drop((framed, sending));
    });
}

#[test]
fn no_more_connections_than_allowed_are_served() {
    sweep(SweepConfig::new(), "connections have a limit", |trial| async move {
        let mut dice = trial.dice("limits");
        let (most, clients) = (1 + dice.index(5), 1 + dice.index(20));
        let when_full = *dice.pick(&[WhenFull::Wait, WhenFull::Refuse]);
        let server = trial.host("server").runtime();
        let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let handler = {
            let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
            move |framed, cx| {
                let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
                async move {
                    peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    let ended = lab::echo(framed, cx).await;
                    now.fetch_sub(1, Ordering::Relaxed);
                    ended
                }
            }
        };
        let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
        let options = Server::new(&server).max_connections(most).when_full(when_full);
        let running = options.serve_framed(listener, codec(), handler);
        let client = trial.host("client").runtime();
        let tasks = (0..clients).map(|_| {
            let (client, pause) = (client.clone(), dice.duration(Duration::ZERO, 100 * MS));
            client.clone().spawn(async move {
                sleep(&client, pause).await;
                let echo = lab::dial(&client, "server").await.ok()?;
                let answer = echo.call(lab::number(1)).within(60 * SEC).await.ok()?;
                sleep(&client, pause).await;
                Some(answer)
            })
        });
        let mut served = 0;
        for task in tasks.collect::<Vec<_>>() {
            served += usize::from(task.await.unwrap().is_some());
        }
        let peak = peak.load(Ordering::Relaxed);
        trial.always(peak <= most, || format!("{peak} connections at a time, {most} allowed"));
        if when_full == WhenFull::Wait {
            trial.equal("served in the end", &served, &clients);
        }
        trial.sometimes("the limit was reached", peak == most && clients > most);
        trial.sometimes("somebody was refused", running.report().refused > 0);
        let report = running.shutdown().await;
        trial.equal(
            "all accounted for",
            &report.accepted,
            &(report.completed + report.failed + report.cut + report.timed_out),
        );
    });
}

#[test]
fn a_full_backlog_delays_and_loses_nobody() {
    sweep(
        SweepConfig::new(),
        "a full backlog delays and loses nobody",
        |trial| async move {
            let backlog = 1 + trial.dice("backlog").index(4);
            let server = trial
                .host_with("server", HostOptions::new().backlog(backlog))
                .unwrap()
                .runtime();
            let running = lab::echo_server(&server, Server::new(&server).max_connections(2));
            let client = trial.host("client").runtime();
            let callers = (0..12).map(|number| {
                let (client, mut dice) = (client.clone(), trial.dice(["a", "b", "c", "d"][number as usize % 4]));
                client.clone().spawn(async move {
                    sleep(&client, dice.duration(Duration::ZERO, SEC)).await;
                    let echo = loop {
                        // The system gives up after some two minutes of being ignored.
                        if let Ok(echo) = lab::dial(&client, "server").await {
                            break echo;
                        }
                    };
                    let answer = echo.call(lab::number(number)).within(600 * SEC).await.unwrap();
                    answer == lab::number(number)
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                trial.equal("an echo", &caller.await.unwrap(), &true);
            }
            drop(running);
        },
    );
}

#[test]
fn accept_errors_back_off_and_end() {
    let swarm = Swarm::new(["server"]).families([Family::Accept]).within(20 * SEC);
    sweep(
        SweepConfig::new().swarm(swarm),
        "accept errors back off and end",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let running = lab::echo_server(&server, Server::new(&server));
            let mut slowest = Duration::ZERO;
            while trial.elapsed() < 60 * SEC {
                let before = trial.elapsed();
                let echo = lab::dial(&client, "server").await.unwrap();
                let answer = echo.call(lab::number(1)).within(100 * SEC).await;
                trial.always(answer.is_ok(), || format!("the server never came back: {answer:?}"));
                slowest = slowest.max(trial.elapsed() - before);
                sleep(&client, 300 * MS).await;
            }
            // A second after the last error the server has to try again.
            let longest = longest_trouble(trial.plan());
            trial.always(slowest < longest + SEC + 100 * MS, || {
                format!("it took {slowest:?}, the faults {longest:?}")
            });
            trial.sometimes("accepting failed", !trial.plan().is_empty() && slowest > 100 * MS);
            let spun = trial.hazards();
            trial.always(spun.is_empty(), || format!("the accept loop spins: {spun:?}"));
            drop(running);
        },
    );
}

/// How long a server may find nothing but errors: it may sleep through what is fine for less than a second between two.
fn longest_trouble(plan: &Plan) -> Duration {
    let (mut longest, mut from, mut to) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for event in plan.events() {
        if event.at > to + SEC {
            from = event.at;
        }
        to = to.max(event.at + event.fault.lasts());
        longest = longest.max(to - from);
    }
    longest
}

#[test]
fn without_descriptors_a_server_waits_for_one() {
    sweep(
        SweepConfig::new(),
        "without descriptors a server waits for one",
        |trial| async move {
            let descriptors = 2 + trial.dice("descriptors").index(4);
            let server = trial
                .host_with("server", HostOptions::new().descriptors(descriptors))
                .unwrap()
                .runtime();
            let running = lab::echo_server(&server, Server::new(&server));
            let client = trial.host("client").runtime();
            let callers = (0..10).map(|number| {
                let (client, pause) = (client.clone(), trial.dice("pause").duration(MS, SEC));
                client.clone().spawn(async move {
                    let echo = lab::dial(&client, "server").await.unwrap();
                    let answer = echo.call(lab::number(number)).within(100 * SEC).await;
                    sleep(&client, pause).await;
                    answer.is_ok()
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                trial.equal("an echo", &caller.await.unwrap(), &true);
            }
            let spun = trial.hazards();
            trial.always(spun.is_empty(), || format!("{spun:?}"));
            drop(running);
        },
    );
}

#[test]
fn a_panic_harms_no_other_connection() {
    sweep(
        SweepConfig::new(),
        "a panic harms no other connection",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let service = |request: Frame| async move {
                assert!(&request[..] != b"panic", "as asked");
                Ok::<_, std::io::Error>(request)
            };
            let running = Server::new(&server).serve_service(listener, codec(), service);
            let polite = lab::dial(&client, "server").await.unwrap();
            let mut dice = trial.dice("panics");
            let mut panics = 0_u64;
            for number in 0..30 {
                if dice.below(3) == 0 {
                    panics += 1;
                    let rude = lab::dial(&client, "server").await.unwrap();
                    let answer = rude.call(Frame::from(b"panic")).await;
                    trial.always(answer.is_err(), || "a panic has an answer".into());
                }
                let answer = polite.call(lab::number(number)).await;
                trial.always(matches!(&answer, Ok(echo) if *echo == lab::number(number)), || {
                    format!("{answer:?}")
                });
            }
            trial.equal("panics", &running.report().panicked, &panics);
            trial.equal("the polite one is left", &running.report().active, &1);
        },
    );
}

#[test]
fn a_trickle_of_bytes_holds_no_memory() {
    sweep(SweepConfig::new(), "what is buffered has a bound", |trial| async move {
        const BOUND: usize = 10_000;
        let (client, server) = lab::rough_pair(&trial);
        let (mut there, here) = lab::connection(&trial, &client, &server).await;
        let flood = client.spawn(async move {
            // A frame that never ends, as far as the decoder can tell.
            let line = [b'x'; 1000];
            while there.write_all(&line).await.is_ok() {}
        });
        let mut framed = Framed::new(here, wirework::codec::Lines::new().max_len(1 << 20)).max_buffered(BOUND);
        let end = timeout(&server, 3_600 * SEC, framed.next()).await;
        trial.always(matches!(end, Ok(Err(_))), || format!("{end:?}"));
        trial.always(framed.read_ahead() <= BOUND, || {
            format!("{} bytes are held", framed.read_ahead())
        });
        drop(flood);
    });
}

#[test]
fn nobody_listens_and_nobody_waits() {
    sweep(
        SweepConfig::new(),
        "a refused connection fails at once",
        |trial| async move {
            let (client, _) = lab::plain_pair(&trial);
            let before = trial.elapsed();
            let refused = client.connect_tcp(trial.host("server").addr(PORT)).await;
            let kind = refused.map(drop).map_err(|error| error.kind());
            trial.equal("the error", &kind, &Err(ErrorKind::ConnectionRefused));
            trial.always(trial.elapsed() - before < 100 * MS, || "it took long".into());
        },
    );
}

#[test]
fn nothing_is_left_after_the_end() {
    sweep(
        // The wakers of ended tasks may hold a turn or two.
        SweepConfig::new().leak_check(SEC),
        "nothing is left after the end",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let running = lab::echo_server(&server, Server::new(&server).drain_deadline(10 * SEC));
            let mut dice = trial.dice("clients");
            for _ in 0..5 {
                let mut stream = client.connect_tcp(trial.host("server").addr(PORT)).await.unwrap();
                match dice.below(4) {
                    0 => {}
                    1 => stream.write_all(b"\0\x03ab").await.unwrap(),
                    2 => stream.write_all(b"\0\x02ab").await.unwrap(),
                    _ => {
                        stream.write_all(b"\0\x02ab").await.unwrap();
                        let mut answer = [0; 4];
                        stream.read_exact(&mut answer).await.unwrap();
                        stream.close().await.unwrap();
                    }
                }
            }
            let report = running.shutdown().await;
            trial.equal("active", &report.active, &0);
        },
    );
}
