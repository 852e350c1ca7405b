//! Each codec's decoding and encoding, beside tokio-util's, asynchronous-codec's and the bare limit.
//!
//! ```text
//! cargo bench -p wirework-benches --bench codecs -- 'lines/64'
//! ```
//!
//! For ns per frame in one table, and for ratios that hold on a busy machine, see `codec_ratios`.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails says so")]

mod contenders;
mod drive;
mod limit;
mod messages;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn codecs(criterion: &mut Criterion) {
    for size in [16, 64, 1024, 64 * 1024] {
        for group in contenders::groups(size) {
            let mut benchmarks = criterion.benchmark_group(group.name);
            for mut contender in group.contenders {
                let frames = (contender.run)();
                benchmarks.throughput(Throughput::Bytes((frames * size) as u64));
                let id = BenchmarkId::new(contender.name, size);
                benchmarks.bench_function(id, |bencher| bencher.iter(&mut contender.run));
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = codecs
}
criterion_main!(benches);
