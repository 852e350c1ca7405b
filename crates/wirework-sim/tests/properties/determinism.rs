//! A seed means the same everywhere.

use wirework::Server;
use wirework::time::sleep;
use wirework_sim::{Swarm, SweepConfig, Trial, assert_same_in_fresh_processes};

use crate::lab::{self, MS, SEC};

async fn a_bit_of_everything(trial: Trial) {
    let (client, server) = lab::rough_pair(&trial);
    trial.host("server").start(|server| async move {
        let running = lab::echo_server(&server, Server::new(&server));
        std::future::pending::<()>().await;
        drop(running);
    });
    drop(server);
    let frames = lab::frames(&mut trial.dice("frames"), 10);
    for frame in frames {
        let echo = lab::within(&trial, 5 * SEC, lab::dial(&client, "server")).await;
        if let Some(Ok(echo)) = echo {
            drop(echo.call(frame).within(5 * SEC).await);
        }
        trial.sleep(100 * MS).await;
    }
    let _ = lab::within(&trial, SEC, sleep(&client, SEC)).await;
}

#[test]
fn a_seed_is_the_same_run_in_three_fresh_processes() {
    let config = SweepConfig::new()
        .seeds(100)
        .swarm(Swarm::new(["client", "server"]).within(10 * SEC));
    assert_same_in_fresh_processes(config, "a bit of everything", 3, a_bit_of_everything);
}
