//! What one connection carries while the network and the hosts fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use wirework::codec::Frame;

use wirework::time::{sleep, timeout};
use wirework::{Framed, Runtime};
use wirework_sim::{Family, Swarm, SweepConfig, sweep};

use crate::lab::{self, MS, SEC, codec};

fn swarm() -> Swarm {
    // What a single connection can meet.
    let families = [
        Family::Partition,
        Family::OneWay,
        Family::Clog,
        Family::Reset,
        Family::Kill,
        Family::PowerOff,
        Family::Pause,
        Family::SlowReader,
        Family::Clock,
    ];
    Swarm::new(["client", "server"])
        .families(families)
        .within(20 * SEC)
        .lasting(20 * SEC)
}

#[test]
fn what_arrives_is_a_prefix_of_what_was_sent() {
    let config = SweepConfig::new().swarm(swarm());
    sweep(
        config,
        "what arrives is a prefix of what was sent",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let Some((there, here)) = lab::within(&trial, 60 * SEC, lab::try_connection(&trial, &client, &server))
                .await
                .flatten()
            else {
                return;
            };
            let frames = lab::frames(&mut trial.dice("frames"), 200);
            let mut dice = trial.dice("pauses");
            let clock = client.clone();
            let to_send = frames.clone();
            let sending = client.spawn(async move {
                let mut framed = Framed::new(there, codec());
                for frame in to_send {
                    framed.send(frame).await?;
                    if dice.below(2) == 0 {
                        sleep(&clock, dice.duration(Duration::ZERO, 300 * MS)).await;
                        framed.flush().await?;
                    }
                }
                framed.close().await?;
                // The end of the other side: only then is it known that all has arrived.
                while framed.next().await.map_err(std::io::Error::from)?.is_some() {}
                Ok::<(), std::io::Error>(())
            });
            let got: Arc<Mutex<Vec<Frame>>> = Arc::default();
            let (clock, into) = (server.clone(), Arc::clone(&got));
            let receiving = server.spawn(async move {
                let mut framed = Framed::new(here, codec());
                timeout(&clock, 900 * SEC, async {
                    while let Some(frame) = framed.next().await? {
                        into.lock().unwrap().push(frame);
                    }
                    framed.close().await?;
                    Ok::<(), std::io::Error>(())
                })
                .await
            });
            let received = receiving.await;
            let got = got.lock().unwrap().clone();
            let sent = lab::within(&trial, 1_000 * SEC, sending).await;
            trial.always(got.len() <= frames.len() && got == frames[..got.len()], || {
                let wrong = got.iter().zip(&frames).position(|(got, sent)| got != sent);
                format!("{} frames arrived, and the first that differs is {wrong:?}", got.len())
            });
            let all_was_well = matches!(received, Ok(Ok(Ok(())))) && matches!(sent, Some(Ok(Ok(()))));
            trial.always(!all_was_well || got.len() == frames.len(), || {
                format!(
                    "both ends were content, but only {} of {} frames arrived",
                    got.len(),
                    frames.len()
                )
            });
            trial.sometimes(
                "all arrived in spite of faults",
                got.len() == frames.len() && !trial.plan().is_empty(),
            );
            trial.sometimes("some were lost", got.len() < frames.len());
        },
    );
}

#[test]
fn a_server_lives_through_everything() {
    let config = SweepConfig::new().swarm(Swarm::new(["client", "server"]).within(60 * SEC));
    sweep(config, "a server lives through everything", |trial| async move {
        let host = trial.host("server");
        host.start(|server| async move {
            let running = lab::echo_server(&server, wirework::Server::new(&server));
            std::future::pending::<()>().await;
            drop(running);
        });
        trial.host("client").start(|client| async move {
            let mut number = 0_u32;
            loop {
                if let Ok(Ok(echo)) = timeout(&client, 5 * SEC, lab::dial(&client, "server")).await {
                    while let Ok(Ok(answer)) = timeout(&client, 5 * SEC, echo.call(lab::number(number))).await {
                        assert_eq!(answer, lab::number(number));
                        number += 1;
                        sleep(&client, 50 * MS).await;
                    }
                }
                sleep(&client, 100 * MS).await;
            }
        });
        trial.calm().await;
        // When all is mended, everybody gets through again, and soon.
        let late = trial.host("latecomer").runtime();
        let answer = lab::within(&trial, 150 * SEC, async {
            loop {
                if let Ok(Ok(echo)) = timeout(&late, 5 * SEC, lab::dial(&late, "server")).await
                    && let Ok(Ok(answer)) = timeout(&late, 5 * SEC, echo.call(lab::number(7))).await
                {
                    return answer;
                }
                sleep(&late, 100 * MS).await;
            }
        });
        let answer = answer.await;
        trial.always(answer == Some(lab::number(7)), || {
            format!("after all was mended, the answer was {answer:?}")
        });
        trial.sometimes("there were faults", !trial.plan().is_empty());
    });
}
