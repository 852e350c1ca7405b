//! RESP: commands as a server reads them, replies as it writes them, and values as a client reads them, the last beside the parser
//! of redis-rs.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wirework_codec::{Deframer, Encoder, WriteBuf};
use wirework_resp::{CommandDecoder, ReplyEncoder, ReplyWriter, Value, ValueDecoder};

/// As many as come with one read of a deep pipeline.
const BATCH: usize = 64;

const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000012\r\n";
const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000012\r\n$3\r\nxxx\r\n";

fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("commands");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, command) in [("get", GET), ("set", SET), ("inline", b"GET key:000000000012\r\n")] {
        let bytes = command.repeat(BATCH);
        let mut deframer = Deframer::new(CommandDecoder::new());
        group.bench_function(format!("{name}, borrowed"), |b| {
            b.iter(|| {
                deframer.push(black_box(&bytes));
                while let Some(command) = deframer.next_ref().expect("it is a command") {
                    black_box(command.arg(1));
                }
            });
        });
        let mut deframer = Deframer::new(CommandDecoder::new());
        group.bench_function(format!("{name}, owned"), |b| {
            b.iter(|| {
                deframer.push(black_box(&bytes));
                while let Some(command) = deframer.next().expect("it is a command") {
                    black_box(command);
                }
            });
        });
    }
    group.finish();
}

fn replies(c: &mut Criterion) {
    let mut group = c.benchmark_group("replies");
    group.throughput(Throughput::Elements(BATCH as u64));
    let (mut encoder, mut dst) = (ReplyEncoder::new(), WriteBuf::new());
    let mut bench = |name: &str, write: fn(&mut ReplyWriter<'_>)| {
        group.bench_function(name, |b| {
            b.iter(|| {
                for _ in 0..BATCH {
                    let Ok(()) = encoder.encode(write, &mut dst);
                }
                dst.clear();
            });
        });
    };
    bench("simple string", |reply| reply.simple("PONG"));
    bench("bulk of 3 bytes", |reply| reply.bulk(black_box(b"xxx")));
    bench("bulk of 100 bytes", |reply| reply.bulk(black_box([b'x'; 100])));
    bench("integer", |reply| reply.integer(black_box(123_456)));
    bench("array of 3", |reply| {
        reply.array(3);
        reply.bulk("message");
        reply.bulk("channel");
        reply.bulk("hello");
    });
    group.finish();
}

fn values(c: &mut Criterion) {
    let mut group = c.benchmark_group("values");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, value) in [
        ("ok", &b"+OK\r\n"[..]),
        ("bulk of 3 bytes", b"$3\r\nxxx\r\n"),
        ("integer", b":123456\r\n"),
        ("array of 3", b"*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$5\r\nhello\r\n"),
    ] {
        let bytes = value.repeat(BATCH);
        let mut deframer = Deframer::new(ValueDecoder::new());
        group.bench_function(name, |b| {
            b.iter(|| {
                deframer.push(black_box(&bytes));
                while let Some(value) = deframer.next().expect("it is a value") {
                    black_box::<Value>(value);
                }
            });
        });
        group.bench_function(format!("{name}, redis-rs"), |b| {
            b.iter(|| {
                for value in black_box(&bytes).chunks(value.len()) {
                    black_box(redis::parse_redis_value(value)).expect("it is a value");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, commands, replies, values);
criterion_main!(benches);
