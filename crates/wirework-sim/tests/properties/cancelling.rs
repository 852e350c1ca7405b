//! Futures dropped wherever they wait: what was committed is neither lost nor doubled.

use std::pin::pin;
use std::time::Duration;
use wirework::codec::Frame;

use futures_lite::future::{or, poll_once};
use wirework::time::sleep;
use wirework::{CallError, Framed, Runtime};
use wirework_sim::{Dice, SimRuntime, SweepConfig, sweep};

use crate::lab::{self, MS, SEC, codec};

/// Polls `future` for a time of chance, which may be no time, and drops it.
async fn hasty<T>(runtime: &SimRuntime, dice: &mut Dice, future: impl Future<Output = T>) -> Option<T> {
    if dice.below(2) == 0 {
        return poll_once(pin!(future)).await;
    }
    let late = sleep(runtime, dice.duration(Duration::ZERO, 30 * MS));
    or(async { Some(future.await) }, async {
        late.await;
        None
    })
    .await
}

/// Asks for `future` again and again, until it is done before it is dropped.
macro_rules! insist {
    ($runtime:expr, $dice:expr, $future:expr) => {
        loop {
            if let Some(done) = hasty($runtime, $dice, $future).await {
                break done;
            }
            // Time passes, or a future that is only ever polled once would never let it.
            sleep($runtime, $dice.duration(Duration::from_micros(1), 20 * MS)).await;
        }
    };
}

#[test]
fn cancelling_loses_and_doubles_nothing() {
    sweep(
        SweepConfig::new(),
        "cancelling loses and doubles nothing",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let frames = lab::frames(&mut trial.dice("frames"), 60);
            let (to_send, mut dice, runtime) = (frames.clone(), trial.dice("sender"), client.clone());
            let sending = client.spawn(async move {
                let mut framed = Framed::new(there, codec()).watermarks(2_000, 8_000);
                for frame in to_send {
                    // A reservation is what keeps a frame from being lost with a dropped `send`.
                    let permit = insist!(&runtime, &mut dice, framed.reserve()).unwrap();
                    permit.send(frame).unwrap();
                    if dice.below(5) == 0 {
                        insist!(&runtime, &mut dice, framed.flush()).unwrap();
                    }
                }
                insist!(&runtime, &mut dice, framed.close()).unwrap();
                insist!(&runtime, &mut dice, framed.next()).unwrap()
            });
            let mut dice = trial.dice("receiver");
            let mut framed = Framed::new(here, codec());
            let mut got: Vec<Frame> = Vec::new();
            while let Some(frame) = insist!(&server, &mut dice, framed.next()).unwrap() {
                got.push(frame);
            }
            insist!(&server, &mut dice, framed.close()).unwrap();
            trial.equal("frames", &got, &frames);
            trial.equal("the end", &sending.await.unwrap(), &None);
        },
    );
}

#[test]
fn a_dropped_call_disturbs_no_other() {
    sweep(
        SweepConfig::new(),
        "a dropped call disturbs no other",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let running = lab::echo_server(&server, lab::patient(&server));
            let echo = lab::dial(&client, "server").await.unwrap();
            let callers = (0..5_u32).map(|caller| {
                let (echo, runtime, mut dice) = (
                    echo.clone(),
                    client.clone(),
                    trial.dice(["a", "b", "c", "d", "e"][caller as usize]),
                );
                client.spawn(async move {
                    let mut answered = 0;
                    for turn in 0..20 {
                        let request = lab::number(caller * 1000 + turn);
                        match hasty(&runtime, &mut dice, echo.call(request.clone()).within(600 * SEC)).await {
                            Some(answer) => {
                                assert_eq!(answer.unwrap(), request, "another call's answer");
                                answered += 1;
                            }
                            None => sleep(&runtime, dice.duration(Duration::ZERO, 50 * MS)).await,
                        }
                    }
                    answered
                })
            });
            let mut answered = 0;
            for caller in callers.collect::<Vec<_>>() {
                answered += caller.await.unwrap();
            }
            trial.sometimes("calls were dropped", answered < 100);
            trial.sometimes("calls were answered", answered > 0);
            // The connection is as good as before, and the table is empty.
            let last: Result<Frame, CallError> = echo.call(lab::number(u32::MAX)).within(600 * SEC).await;
            trial.equal("the last answer", &last.unwrap(), &lab::number(u32::MAX));
            trial.equal("calls left", &echo.pending(), &0);
            drop(running);
        },
    );
}
