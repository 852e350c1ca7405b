//! What a call allocates: nothing of its own. Counted, not timed.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use allocation_counter::measure;
use wirework::codec::bytes::{Buf, BytesMut};
use wirework::codec::{Decoder, Encoder, WriteBuf};
use wirework::{Client, ClientOptions, Framed, Runtime, Task, memory};
use wirework_tests::wirework_smol::Smol;

/// How many calls are made at a time, and how often.
const TOGETHER: usize = 50;
const ROUNDS: usize = 100;

/// Numbers of eight bytes.
#[derive(Debug, Clone)]
struct Numbers;

impl Decoder for Numbers {
    type Item = u64;
    type Error = Infallible;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<u64>, Infallible> {
        Ok((src.len() >= 8).then(|| src.get_u64()))
    }
}

impl Encoder<u64> for Numbers {
    type Error = Infallible;

    fn encode(&mut self, item: u64, dst: &mut WriteBuf) -> Result<(), Infallible> {
        dst.put_slice(&item.to_be_bytes());
        Ok(())
    }
}

#[test]
fn a_call_allocates_nothing_of_its_own() {
    let executor = Arc::new(smol::Executor::new());
    let runtime = Smol::with_executor(Arc::clone(&executor));
    let (near, far) = memory::pair(1024);
    let mut far = Framed::new(far, Numbers);
    let echo = runtime.spawn(async move {
        while let Some(number) = far.next().await.unwrap() {
            far.send(number + 1).await.unwrap();
        }
    });
    echo.detach();
    let client = Client::pipelined(&runtime, Framed::new(near, Numbers), ClientOptions::new());

    // Everything runs on this thread, which is what the counter counts.
    let run = |rounds| smol::block_on(executor.run(call_together(&client, rounds)));
    run(1);
    let allocations = measure(|| run(ROUNDS)).count_total;
    println!("{allocations} allocations in {} calls", TOGETHER * ROUNDS);
    // Those of each batch that is read, at both ends, and of the executor. Of calls there are 50 in a batch.
    assert!(allocations < 10 * ROUNDS as u64, "{allocations}");
}

/// Makes calls at the same time, all in one task, so that nothing is counted but the calls.
async fn call_together(client: &Client<u64, u64>, rounds: usize) {
    for _ in 0..rounds {
        let mut calls: [_; TOGETHER] = std::array::from_fn(|number| Some(client.call(number as u64)));
        poll_fn(|cx| {
            for (number, slot) in (0..).zip(&mut calls) {
                if let Some(call) = slot
                    && let Poll::Ready(answer) = Pin::new(call).poll(cx)
                {
                    assert_eq!(answer.unwrap(), number + 1);
                    *slot = None;
                }
            }
            if calls.iter().any(Option::is_some) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}
