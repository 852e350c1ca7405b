//! In worlds that are as awkward as they may be: what a runtime promises, it promises whoever runs first, however often tasks are
//! polled for nothing, and however little is read at a time.

use std::time::Duration;

use wirework_sim::{Choices, Config, HostOptions, Latency, Link, Policy, Sim, SimRuntime};

/// In how many worlds each check has to hold.
const SEEDS: u64 = 5;

/// Runs a check in worlds that differ by their seed. Which one failed is in the test's output.
fn in_each<F: Future<Output = ()>>(check: impl Fn(SimRuntime) -> F, world: impl Fn(u64) -> (Config, HostOptions)) {
    for seed in 0..SEEDS {
        let (config, options) = world(seed);
        println!("seed {seed}: {options:?}");
        let sim = Sim::new(config.choices(Choices::seeded(seed)));
        let host = sim.host_with("localhost", options).unwrap();
        sim.run(check(host.runtime()));
    }
}

/// Nothing is in order, tasks are polled for nothing, and only the last waker wakes.
mod any_order {
    use super::{Choices, Config, Duration, HostOptions, Link, Policy, SimRuntime};

    fn world(seed: u64) -> (Config, HostOptions) {
        let mut dice = Choices::seeded(seed).at("any order", &[]);
        let latency = dice.duration(Duration::ZERO, Duration::from_millis(1));
        let config = Config::new()
            .policy(*dice.pick(&[Policy::Random, Policy::ShuffledRounds, Policy::Fifo]))
            .spurious_polls(*dice.pick(&[300_000, 50_000]))
            .fresh_wakers(dice.below(3) > 0)
            .loopback(Link::new().latency(latency));
        (config, HostOptions::new())
    }

    fn run<F: Future<Output = ()>>(check: impl Fn(SimRuntime) -> F) {
        super::in_each(check, world);
    }

    conformance!(self::run);
}

/// Buffers and packets are as small as the suite's own messages allow, and packets take any time.
mod in_small_pieces {
    use super::{Choices, Config, Duration, HostOptions, Latency, Link, SimRuntime};

    fn world(seed: u64) -> (Config, HostOptions) {
        let mut dice = Choices::seeded(seed).at("in small pieces", &[]);
        let mut buffer = || *dice.pick(&[20_000, 5_000, 2_100]);
        let options = HostOptions::new().send_buffer(buffer()).receive_buffer(buffer());
        let latency = Latency::Uniform(Duration::ZERO, Duration::from_micros(100));
        let link = Link::new().latency(latency).mtu(*dice.pick(&[1_500, 576, 300]));
        (Config::new().loopback(link), options)
    }

    fn run<F: Future<Output = ()>>(check: impl Fn(SimRuntime) -> F) {
        super::in_each(check, world);
    }

    conformance!(
        self::run,
        except = [
            (tcp::accepts_in_order, "handshakes overtake one another"),
            (
                tcp::a_dropped_accept_loses_no_connection,
                "handshakes overtake one another"
            ),
        ]
    );
}
