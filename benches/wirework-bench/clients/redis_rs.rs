//! The multiplexed connection of redis-rs, on tokio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use tokio::runtime::{Builder, Runtime};

use super::Caller;

pub(super) struct RedisRs {
    runtime: Runtime,
    connection: MultiplexedConnection,
}

impl RedisRs {
    pub(super) fn connect(addr: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = redis::Client::open(format!("redis://{addr}/?protocol=resp3"))?;
        let connection = runtime.block_on(client.get_multiplexed_async_connection())?;
        Ok(Self { runtime, connection })
    }

    async fn calls(connection: &MultiplexedConnection, callers: usize, window: Duration) -> Result<u64> {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |_| tokio::spawn(ask(connection.clone(), Arc::clone(&stop)));
        let tasks: Vec<_> = (0..callers).map(start).collect();
        tokio::time::sleep(window).await;
        stop.store(true, Ordering::Relaxed);
        let mut calls = 0;
        for task in tasks {
            calls += task.await??;
        }
        Ok(calls)
    }
}

async fn ask(mut connection: MultiplexedConnection, stop: Arc<AtomicBool>) -> redis::RedisResult<u64> {
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        let value: Option<Vec<u8>> = redis::cmd("GET").arg("key").query_async(&mut connection).await?;
        assert_eq!(
            value.as_deref(),
            Some(&b"value"[..]),
            "the server answers something else"
        );
        calls += 1;
    }
    Ok(calls)
}

impl Caller for RedisRs {
    fn name(&self) -> &'static str {
        "redis-rs, multiplexed, on tokio"
    }

    fn run(&mut self, callers: usize, window: Duration) -> Result<u64> {
        self.runtime.block_on(Self::calls(&self.connection, callers, window))
    }
}
