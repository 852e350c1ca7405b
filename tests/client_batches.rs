//! Requests of many callers leave together, whatever order an executor runs its tasks in.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::Lines;
use wirework::{CallError, Client, ClientOptions, Framed, Runtime, memory};
use wirework_async_std::AsyncStd;
use wirework_smol::Smol;
use wirework_tokio::Tokio;

const CALLERS: usize = 64;
const CALLS: usize = 50;

/// Sends back what it reads. Gives how often it has read something.
async fn echo(mut stream: memory::MemoryStream) -> io::Result<usize> {
    let mut buf = vec![0; 16 * 1024];
    let mut reads = 0;
    loop {
        let count = stream.read(&mut buf).await?;
        if count == 0 {
            return Ok(reads);
        }
        reads += 1;
        stream.write_all(&buf[..count]).await?;
    }
}

async fn call_again_and_again(client: Client<String, String>, caller: usize) -> Result<(), CallError> {
    for call in 0..CALLS {
        let text = format!("{caller}:{call}");
        assert_eq!(client.call(text.clone()).await?, text);
    }
    Ok(())
}

async fn run<R: Runtime>(runtime: R) {
    let (near, far) = memory::pair(64 * 1024);
    let server = runtime.spawn(echo(far));
    let framed = Framed::new(near, Lines::new());
    let client: Client<String, String> = Client::pipelined(&runtime, framed, ClientOptions::new());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| runtime.spawn(call_again_and_again(client.clone(), caller)))
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    client.close().await;
    let reads = server.await.unwrap().unwrap();
    assert!(
        reads * 8 < CALLERS * CALLS,
        "{reads} reads for {} requests",
        CALLERS * CALLS
    );
}

#[test]
fn smol() {
    let runtime = Smol::new(1).unwrap();
    runtime.block_on(run(runtime.clone()));
}

#[test]
fn async_std() {
    let runtime = AsyncStd::new(1).unwrap();
    runtime.block_on(run(runtime.clone()));
}

/// It runs the task that was woken last before all others.
#[test]
fn tokio() {
    let runtime = Tokio::new(1).unwrap();
    runtime.block_on(run(runtime.clone()));
}
