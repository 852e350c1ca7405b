//! What a frame costs, and the ratios that the codecs must show.
//!
//! Criterion measures one function after another, and on a shared machine so compares the noise of now with that of a minute
//! ago. Here all contenders of a group run in each round, and the medians over the rounds are reported.
//!
//! ```text
//! cargo bench -p wirework-benches --bench codec_ratios [64]
//! ```

#![allow(clippy::unwrap_used, reason = "a benchmark that fails says so")]

mod contenders;
mod drive;
mod limit;
mod messages;

use std::env;
use std::time::Instant;

use contenders::{CHUNK, Group};

const ROUNDS: usize = 400;

fn main() {
    let sizes: Vec<usize> = env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() {
        vec![16, 64, 1024, 64 * 1024]
    } else {
        sizes
    };
    for size in sizes {
        println!("\nframes of {size} bytes, in chunks of {CHUNK}");
        println!("{:<72}{:>9}{:>9}{:>10}", "", "ns/frame", "GB/s", "x first");
        for group in contenders::groups(size) {
            report(group, size);
        }
    }
    println!("\nmust show, of frames of 64 bytes");
    let length = Costs::of(contenders::length_delimited(64));
    length.must("wirework, borrowed", 1.25, "limit, slices");
    length.must("wirework, owned", 1.1, "limit, split_to().freeze()");
    length.must("wirework, owned", 0.4, "tokio-util");
    let lines = Costs::of(contenders::lines(64));
    lines.must("wirework, borrowed", 1.25, "limit, memchr and from_utf8");
    lines.must("wirework, owned Frame", 0.7, "tokio-util");
    lines.must("wirework, owned String", 0.7, "tokio-util");
    let delimited = Costs::of(contenders::any_of_three(64));
    delimited.must("wirework, owned", 0.6, "tokio-util");
    delimited.must("wirework, borrowed", 0.6, "tokio-util");
}

fn report(group: Group, size: usize) {
    let costs = Costs::of(group);
    for (index, name) in costs.names.iter().enumerate() {
        let nanos = median(costs.rounds.iter().map(|round| round[index]).collect());
        let ratio = median(costs.rounds.iter().map(|round| round[index] / round[0]).collect());
        #[allow(clippy::cast_precision_loss, reason = "sizes are small")]
        let speed = size as f64 / nanos;
        println!(
            "{:<72}{nanos:>9.1}{speed:>9.2}{ratio:>10.2}",
            format!("  {}: {name}", costs.group)
        );
    }
}

/// What a frame costs, in nanoseconds, for each contender in each round.
struct Costs {
    group: &'static str,
    names: Vec<&'static str>,
    rounds: Vec<Vec<f64>>,
}

impl Costs {
    fn of(mut group: Group) -> Self {
        let rounds = (0..ROUNDS).map(|_| {
            let costs = group.contenders.iter_mut().map(|contender| {
                let start = Instant::now();
                let frames = (contender.run)();
                #[allow(clippy::cast_precision_loss, reason = "a round is short")]
                let cost = start.elapsed().as_nanos() as f64 / frames as f64;
                cost
            });
            costs.collect()
        });
        let rounds = rounds.skip(ROUNDS / 10).collect();
        Self {
            group: group.name,
            names: group.contenders.iter().map(|contender| contender.name).collect(),
            rounds,
        }
    }

    /// Prints how `ours` compares with `other`, and whether that is within `bound`.
    fn must(&self, ours: &str, bound: f64, other: &str) {
        let at = |name| self.names.iter().position(|found| *found == name).unwrap();
        let (ours_at, other_at) = (at(ours), at(other));
        let ratio = median(
            self.rounds
                .iter()
                .map(|round| round[ours_at] / round[other_at])
                .collect(),
        );
        let verdict = if ratio <= bound { "reached" } else { "MISSED" };
        let what = format!("  {}: {ours} / {other}", self.group);
        println!("{what:<90}{ratio:>6.2}  (at most {bound:.2})  {verdict}");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
