//! What the naive loop over `Framed` costs a frame with the socket stubbed out: all that a profile of it could show.
//!
//! The frames come in batches, as they do from a client that pipelines, and between two batches the connection waits.
//!
//! ```text
//! cargo bench -p wirework-benches --bench framed_loops [-- borrowed]
//! ```

#![allow(clippy::unwrap_used, reason = "a benchmark that fails says so")]

mod stub;

use std::env;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use stub::Stub;
use wirework::Framed;
use wirework::codec::{LengthDelimited, WriteBuf};

/// Frames in a run, and runs: the fastest one counts, which is the one that nothing has disturbed.
const FRAMES: usize = 12_800;
const RUNS: usize = 300;

fn main() {
    println!("{:<28}{:>12}{:>12}{:>12}", "ns/frame, in batches of", 1, 16, 128);
    for size in [64, 1024] {
        row("limit", size, |batch| limit(batch, size));
        row("borrowed", size, |batch| framed(batch, size, borrowed));
        row("owned", size, |batch| framed(batch, size, owned));
    }
}

fn row(name: &str, size: usize, mut cost: impl FnMut(usize) -> f64) {
    // Cargo passes `--bench`, which names none of them.
    let mut wanted = env::args().skip(1).filter(|arg| !arg.starts_with('-')).peekable();
    if wanted.peek().is_some() && !wanted.any(|wanted| wanted == name) {
        return;
    }
    let [one, some, many] = [1, 16, 128].map(&mut cost);
    println!(
        "{:<28}{one:>12.1}{some:>12.1}{many:>12.1}",
        format!("{name}, {size} bytes")
    );
}

async fn borrowed(mut framed: Framed<Stub, LengthDelimited>) -> io::Result<()> {
    while let Some((frame, mut out)) = framed.next_ref().await? {
        out.send(frame)?;
    }
    Ok(())
}

async fn owned(mut framed: Framed<Stub, LengthDelimited>) -> io::Result<()> {
    while let Some(frame) = framed.next().await? {
        framed.send(frame).await?;
    }
    Ok(())
}

/// Nanoseconds a frame in the fastest run.
fn framed<F: Future<Output = io::Result<()>>>(
    batch: usize,
    size: usize,
    serve: impl Fn(Framed<Stub, LengthDelimited>) -> F,
) -> f64 {
    fastest(|| {
        let stub = Stub::new(size, batch, FRAMES);
        let mut future = pin!(serve(Framed::new(stub, LengthDelimited::new())));
        let start = Instant::now();
        run(future.as_mut());
        start.elapsed().as_secs_f64()
    })
}

/// Polls to the end, without an executor's costs.
fn run(mut future: Pin<&mut impl Future<Output = io::Result<()>>>) {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
            return result.unwrap();
        }
    }
}

/// What must be done with the bytes at least: find the frames, copy the replies.
fn limit(batch: usize, size: usize) -> f64 {
    fastest(|| {
        let stub = Stub::new(size, batch, FRAMES);
        let start = Instant::now();
        let mut out = WriteBuf::new();
        for _ in 0..FRAMES / batch {
            let mut input = black_box(stub.batch());
            while let Some(header) = input.first_chunk::<4>() {
                let end = 4 + u32::from_be_bytes(*header) as usize;
                out.put_slice(&input[..end]);
                input = &input[end..];
            }
            black_box(&out);
            out.clear();
        }
        start.elapsed().as_secs_f64()
    })
}

fn fastest(mut run: impl FnMut() -> f64) -> f64 {
    let fastest = (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min);
    #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
    let frames = FRAMES as f64;
    fastest * 1e9 / frames
}
