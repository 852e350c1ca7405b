//! Names and addresses of which some do not work.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use wirework::{ConnectError, Connector, Network};
use wirework_sim::{DnsFault, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC};

#[test]
fn one_good_address_is_enough() {
    sweep(SweepConfig::new(), "one good address is enough", |trial| async move {
        let (client, server) = lab::plain_pair(&trial);
        let _listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
        let mut dice = trial.dice("addresses");
        let dead = trial.host("dead");
        dead.power_off();
        let refusing = trial.host("refusing");
        let mut addresses: Vec<IpAddr> = Vec::new();
        for _ in 0..dice.below(4) {
            addresses.push(*dice.pick(&[dead.ip(), refusing.ip(), IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9))]));
        }
        addresses.push(trial.host("server").ip());
        dice.shuffle(&mut addresses);
        trial.set_dns("service", &addresses);
        let before = trial.elapsed();
        let connected = Connector::new(&client).connect(&format!("service:{PORT}")).await;
        let took = trial.elapsed() - before;
        trial.always(connected.is_ok(), || {
            format!("{addresses:?}: {:?}", connected.as_ref().err())
        });
        // A quarter of a second for each address before the good one, and some latency.
        let bound = Duration::from_millis(250) * u32::try_from(addresses.len()).unwrap() + 50 * MS;
        trial.always(took <= bound, || format!("{addresses:?} took {took:?}"));
        trial.sometimes("an address had to be waited for", took >= 250 * MS);
    });
}

#[test]
fn a_resolver_that_fails_fails_in_time() {
    sweep(
        SweepConfig::new(),
        "a resolver that fails fails in time",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let _listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let mut dice = trial.dice("dns");
            let delay = dice.duration(MS, 20 * SEC);
            let fault = *dice.pick(&[
                DnsFault::None,
                DnsFault::Failing,
                DnsFault::Silent,
                DnsFault::Slow(delay),
            ]);
            trial.host("client").set_dns_fault(fault);
            let limit = dice.duration(100 * MS, 15 * SEC);
            let before = trial.elapsed();
            let connected = Connector::new(&client)
                .deadline(limit)
                .connect(&format!("server:{PORT}"))
                .await;
            let took = trial.elapsed() - before;
            trial.always(took <= limit, || format!("{limit:?} took {took:?}"));
            trial.always(fault != DnsFault::None || connected.is_ok(), || {
                format!("{:?}", connected.as_ref().err())
            });
            trial.always(
                !matches!(fault, DnsFault::Failing | DnsFault::Silent) || connected.is_err(),
                || "no name".into(),
            );
            trial.sometimes(
                "the deadline passed",
                matches!(&connected, Err(ConnectError::TimedOut { .. })),
            );
            trial.sometimes(
                "a slow answer was good",
                matches!(fault, DnsFault::Slow(_)) && connected.is_ok(),
            );
            // Addresses need no resolver.
            let addr = trial.host("server").addr(PORT);
            trial.always(Connector::new(&client).connect(&addr.to_string()).await.is_ok(), || {
                "an address failed".into()
            });
        },
    );
}

#[test]
fn a_deadline_holds_when_nobody_answers() {
    sweep(
        SweepConfig::new(),
        "a deadline holds when nobody answers",
        |trial| async move {
            let (client, _) = lab::plain_pair(&trial);
            trial.partition(&trial.host("client"), &trial.host("server"));
            let limit = trial.dice("limit").duration(MS, 100 * SEC);
            let before = trial.elapsed();
            let connected = Connector::new(&client)
                .deadline(limit)
                .connect(&format!("server:{PORT}"))
                .await;
            trial.always(connected.is_err(), || "connected through a partition".into());
            trial.equal("the deadline", &(trial.elapsed() - before), &limit);
            let left = trial.host("client").tally().sockets;
            trial.equal("sockets left", &left, &0);
        },
    );
}
