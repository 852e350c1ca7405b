//! Many calls on one connection that fails.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wirework::codec::Frame;

use wirework::time::sleep;
use wirework::{CallError, Network, Replies, Runtime};
use wirework_sim::{Family, Swarm, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC, codec};

/// A request, and what came of it.
type Outcome = (Frame, Result<Frame, CallError>);

#[test]
fn what_was_not_sent_was_not_done() {
    let families = [
        Family::Partition,
        Family::OneWay,
        Family::Clog,
        Family::Reset,
        Family::Kill,
        Family::PowerOff,
    ];
    let swarm = Swarm::new(["client", "server"]).families(families).within(10 * SEC);
    sweep(
        SweepConfig::new().swarm(swarm),
        "what was not sent was not done",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let done: Arc<Mutex<Vec<Frame>>> = Arc::default();
            let into = Arc::clone(&done);
            let service = move |request: Frame| {
                into.lock().unwrap().push(request.clone());
                async move { Ok::<_, io::Error>(request) }
            };
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let running = lab::patient(&server).serve_service(listener, codec(), service);
            let Some(Ok(echo)) = lab::within(&trial, 60 * SEC, lab::dial(&client, "server")).await else {
                return;
            };
            let outcomes: Arc<Mutex<Vec<Outcome>>> = Arc::default();
            let callers = (0..3_u32).map(|caller| {
                let (echo, runtime, outcomes) = (echo.clone(), client.clone(), Arc::clone(&outcomes));
                let mut dice = trial.dice(["one", "two", "three"][caller as usize]);
                client.spawn(async move {
                    for turn in 0..40 {
                        let request = lab::number(caller * 1000 + turn);
                        let limit = dice.duration(MS, 10 * SEC);
                        let outcome = echo.call(request.clone()).within(limit).await;
                        outcomes.lock().unwrap().push((request, outcome));
                        sleep(&runtime, dice.duration(Duration::ZERO, 500 * MS)).await;
                    }
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                drop(caller.await);
            }
            let (done, outcomes) = (done.lock().unwrap(), outcomes.lock().unwrap());
            for (request, outcome) in outcomes.iter() {
                let times = done.iter().filter(|done| *done == request).count();
                match outcome {
                    Ok(answer) => {
                        trial.equal("an answer", answer, request);
                        trial.equal("done for an answer", &times, &1);
                    }
                    Err(error) if error.maybe_sent() => {
                        trial.always(times <= 1, || format!("{request:?} was done {times} times"));
                        trial.sometimes("done without an answer", times == 1);
                    }
                    Err(_) => trial.equal("done without being sent", &times, &0),
                }
            }
            trial.sometimes("calls failed", outcomes.iter().any(|(_, outcome)| outcome.is_err()));
            drop(running);
        },
    );
}

#[test]
fn every_call_ends_when_the_connection_does() {
    sweep(
        SweepConfig::new(),
        "every call ends when the connection does",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let forever = |_: Frame| std::future::pending::<io::Result<Frame>>();
            let running = lab::patient(&server)
                .replies(Replies::AsReady)
                .serve_service(listener, codec(), forever);
            let echo = lab::dial(&client, "server").await.unwrap();
            let callers = (0..20).map(|number| {
                let echo = echo.clone();
                client.spawn(async move { echo.call(lab::number(number)).within(100_000 * SEC).await })
            });
            let callers: Vec<_> = callers.collect();
            trial.sleep(trial.dice("when").duration(Duration::ZERO, 2 * SEC)).await;
            trial.reset_connections(&trial.host("client"), &trial.host("server"));
            let reset = trial.elapsed();
            for caller in callers {
                let outcome = caller.await.unwrap();
                let lost = matches!(outcome, Err(CallError::Disconnected { .. }));
                trial.always(lost, || format!("it ended with {outcome:?}"));
            }
            let took = trial.elapsed() - reset;
            trial.always(took <= 10 * SEC, || {
                format!("some calls ended only {took:?} after the connection")
            });
            trial.equal("calls left", &echo.pending(), &0);
            drop(running);
        },
    );
}
