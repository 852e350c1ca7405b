//! The client of `wirework-resp`, on any runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use wirework::Network;
use wirework::time::sleep;
use wirework_async_std::AsyncStd;
use wirework_resp::{Redis, RedisError, RedisOptions};
use wirework_smol::Smol;
use wirework_tokio::Tokio;

use super::Caller;

pub(super) struct Ours<N> {
    network: N,
    redis: Redis,
}

/// A runtime as it is started here: with one thread.
pub(super) trait OneThread: Network {
    const NAME: &str;
    fn start() -> std::io::Result<Self>;
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

impl<N: OneThread> Ours<N> {
    pub(super) fn connect(addr: &str) -> Result<Self> {
        let network = N::start()?;
        let redis = network.block_on(Redis::connect(&network, addr, RedisOptions::new()))?;
        Ok(Self { network, redis })
    }

    async fn calls(&self, callers: usize, window: Duration) -> Result<u64> {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |_| self.network.spawn(ask(self.redis.clone(), Arc::clone(&stop)));
        let tasks: Vec<_> = (0..callers).map(start).collect();
        sleep(&self.network, window).await;
        stop.store(true, Ordering::Relaxed);
        let mut calls = 0;
        for task in tasks {
            calls += task.await??;
        }
        ensure!(self.redis.connections() == 1, "the connection was lost");
        Ok(calls)
    }
}

async fn ask(redis: Redis, stop: Arc<AtomicBool>) -> Result<u64, RedisError> {
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        let value = redis.get("key").await?;
        assert_eq!(
            value.as_deref(),
            Some(&b"value"[..]),
            "the server answers something else"
        );
        calls += 1;
    }
    Ok(calls)
}

impl<N: OneThread> Caller for Ours<N> {
    fn name(&self) -> &'static str {
        N::NAME
    }

    fn run(&mut self, callers: usize, window: Duration) -> Result<u64> {
        self.network.block_on(self.calls(callers, window))
    }
}

impl OneThread for Smol {
    const NAME: &str = "wirework on smol";

    fn start() -> std::io::Result<Self> {
        Self::new(1)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl OneThread for AsyncStd {
    const NAME: &str = "wirework on async-std";

    fn start() -> std::io::Result<Self> {
        Self::new(1)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl OneThread for Tokio {
    const NAME: &str = "wirework on tokio";

    fn start() -> std::io::Result<Self> {
        Self::new(1)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}
