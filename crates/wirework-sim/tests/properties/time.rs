//! Deadlines: neither early nor late, on the clock that does not jump.

use std::time::Duration;
use wirework::codec::Frame;

use futures_lite::AsyncWriteExt;
use wirework::socket::ListenOptions;
use wirework::time::{sleep, timeout};
use wirework::{Client, ClientOptions, Deadline, Deadlines, Framed, Network, Runtime, Server};
use wirework_sim::{Family, HostOptions, Swarm, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC, codec};

const NANO: Duration = Duration::from_nanos(1);

#[test]
fn a_timeout_is_exact_to_the_nanosecond() {
    sweep(
        SweepConfig::new(),
        "a timeout is exact to the nanosecond",
        |trial| async move {
            let host = trial.host("client").runtime();
            let mut dice = trial.dice("times");
            for _ in 0..50 {
                let limit = dice.duration(NANO, 600 * SEC);
                let (before, start) = (host.now(), trial.elapsed());
                let late = timeout(&host, limit, sleep(&host, limit + NANO)).await;
                trial.always(late.is_err(), || {
                    format!("what takes a nanosecond more than {limit:?} was done in time")
                });
                trial.equal("the deadline", &(trial.elapsed() - start), &limit);
                trial.equal("the host's clock", &(host.now() - before), &limit);
                let in_time = timeout(&host, limit, sleep(&host, limit.saturating_sub(NANO))).await;
                trial.always(in_time.is_ok(), || {
                    format!("what takes a nanosecond less than {limit:?} was late")
                });
            }
        },
    );
}

#[test]
fn a_call_times_out_exactly() {
    sweep(SweepConfig::new(), "a call times out exactly", |trial| async move {
        let (client, server) = lab::plain_pair(&trial);
        let (there, here) = lab::connection(&trial, &client, &server).await;
        let calls: Client<Frame, Frame> = Client::pipelined(&client, Framed::new(there, codec()), ClientOptions::new());
        let limit = trial.dice("limit").duration(NANO, 100 * SEC);
        let before = trial.elapsed();
        let answer = calls.call(Frame::from(b"?")).within(limit).await;
        trial.always(answer.is_err(), || "nobody answered, and yet there is an answer".into());
        trial.equal("the limit", &(trial.elapsed() - before), &limit);
        drop(here);
    });
}

#[test]
fn server_deadlines_are_never_early_and_rarely_late() {
    sweep(
        SweepConfig::new(),
        "server deadlines are never early and rarely late",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let mut dice = trial.dice("deadlines");
            let first = dice.duration(2 * SEC, 100 * SEC);
            let idle = dice.duration(2 * SEC, 100 * SEC);
            let frame = dice.duration(SEC, first);
            let (which, limit, prelude): (_, _, &[u8]) = match dice.below(3) {
                0 => (Deadline::FirstFrame, first, b""),
                1 => (Deadline::Idle, idle, b"\0\x02hi"),
                _ => (Deadline::Frame, frame, b"\0\x02h"),
            };
            // Idleness counts before the first frame, too.
            let idle = Some(idle).filter(|_| which == Deadline::Idle);
            let deadlines = Deadlines::none().first_frame(first).idle(idle).frame(frame);
            let running = lab::echo_server(&server, Server::new(&server).deadlines(deadlines));
            let mut stream = client.connect_tcp(trial.host("server").addr(PORT)).await.unwrap();
            let start = trial.elapsed();
            stream.write_all(prelude).await.unwrap();
            let mut rest = Vec::new();
            let ended = futures_lite::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
            let took = trial.elapsed() - start;
            // A millisecond each way, and for idleness a quarter, as documented.
            trial.always(took >= limit, || {
                format!("{which} of {limit:?} was missed after {took:?}: {ended:?}")
            });
            trial.always(took <= limit + limit / 4 + 10 * MS, || {
                format!("{which} of {limit:?} was noticed after {took:?}")
            });
            trial.equal("deadlines missed", &running.report().missed(which), &1);
            trial.sometimes("the first frame did not come", which == Deadline::FirstFrame);
            trial.sometimes("the connection was idle", which == Deadline::Idle);
            trial.sometimes("a frame was not finished", which == Deadline::Frame);
        },
    );
}

#[test]
fn clock_steps_do_not_touch_deadlines() {
    let swarm = Swarm::new(["client", "server"])
        .families([Family::Clock])
        .within(100 * SEC);
    sweep(
        SweepConfig::new().swarm(swarm),
        "clock steps do not touch deadlines",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let limit = trial.dice("limit").duration(10 * SEC, 200 * SEC);
            let running = lab::echo_server(
                &server,
                Server::new(&server).deadlines(Deadlines::none().lifetime(limit)),
            );
            let echo = lab::dial(&client, "server").await.unwrap();
            let start = trial.elapsed();
            let date = client.system_time();
            echo.closed().await;
            let took = trial.elapsed() - start;
            trial.always(took + 2 * MS >= limit && took <= limit + 10 * MS, || {
                format!("{limit:?} took {took:?}")
            });
            let gone = client.system_time().duration_since(date).unwrap_or_default();
            trial.sometimes("a clock was stepped meanwhile", gone.abs_diff(took) > MS);
            drop(running);
        },
    );
}

#[test]
fn a_peer_that_vanished_is_found() {
    sweep(
        SweepConfig::new(),
        "a peer that vanished is found",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let idle = trial.dice("idle").duration(5 * SEC, 100 * SEC);
            let running = lab::echo_server(&server, Server::new(&server).deadlines(Deadlines::none().idle(idle)));
            let echo = lab::dial(&client, "server").await.unwrap();
            echo.call(lab::number(1)).await.unwrap();
            let vanished = trial.elapsed();
            trial.host("client").power_off();
            while running.report().active > 0 {
                trial.sleep(5 * MS).await;
            }
            let took = trial.elapsed() - vanished;
            let bound = idle + idle / 4 + 15 * MS;
            trial.always(took <= bound, || {
                format!("a silent peer was found after {took:?}, beyond {bound:?}")
            });
            trial.equal("sockets of the server", &trial.host("server").tally().sockets, &1);
        },
    );
}

#[test]
fn keepalive_finds_half_open_peers_within_its_bound() {
    sweep(
        SweepConfig::new(),
        "keepalive finds half-open peers within its bound",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let mut dice = trial.dice("keepalive");
            let silence = dice.duration(SEC, 1_000 * SEC);
            let listener = server
                .listen_tcp_with(([0, 0, 0, 0], PORT).into(), &ListenOptions::new().keepalive(silence))
                .unwrap();
            let running = lab::patient(&server).serve_framed(listener, codec(), lab::echo);
            let echo = lab::dial(&client, "server").await.unwrap();
            echo.call(lab::number(1)).await.unwrap();
            // A peer that is there and silent is left alone.
            trial.sleep(dice.duration(Duration::ZERO, 3 * silence)).await;
            trial.equal("a peer that is there", &running.report().active, &1);
            let is_gone = dice.below(2) == 0;
            if is_gone {
                trial.host("client").power_off();
            } else {
                trial.partition(&trial.host("client"), &trial.host("server"));
            }
            let lost = trial.elapsed();
            // Linux asks nine times more, 75 s apart.
            let bound = silence + 9 * 75 * SEC;
            while running.report().active > 0 && trial.elapsed() - lost <= bound + SEC {
                trial.sleep(100 * MS).await;
            }
            let took = trial.elapsed() - lost;
            trial.always(took <= bound + 200 * MS, || {
                format!("a peer that vanished was found after {took:?}, beyond {bound:?}")
            });
            trial.always(took >= 9 * 75 * SEC, || format!("it was given up after {took:?}"));
            trial.sometimes("its power was off", is_gone);
            trial.sometimes("the network was cut", !is_gone);
            drop((echo, running));
        },
    );
}

#[test]
fn clocks_that_drift_keep_their_own_time() {
    sweep(
        SweepConfig::new(),
        "clocks that drift keep their own time",
        |trial| async move {
            let mut dice = trial.dice("clock");
            let drift = i32::try_from(dice.below(400_000)).unwrap() - 200_000;
            let offset = dice.duration(Duration::ZERO, 1_000_000 * SEC);
            let options = HostOptions::new().clock_drift(drift).clock_offset(offset);
            let host = trial.host_with("drifting", options).unwrap().runtime();
            let limit = dice.duration(NANO, 3_600 * SEC);
            let before = host.now();
            sleep(&host, limit).await;
            let took = host.now() - before;
            trial.always(took >= limit && took <= limit + 2 * NANO, || {
                format!("{limit:?} took {took:?} by its own clock")
            });
        },
    );
}
