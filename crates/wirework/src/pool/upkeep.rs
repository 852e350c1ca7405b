//! What a pool does when nobody asks it for anything.

use std::sync::Weak;
use std::time::Duration;

use super::place::Place;
use super::{PoolOptions, PoolSource, Shared};
use crate::time::{sleep, timeout};
use crate::{Context, Runtime};

/// The longest time between two rounds of upkeep.
const MAX_UPKEEP: Duration = Duration::from_secs(30);

/// Closes what has been idle or alive for long, and keeps a minimum, for as long as there is a pool.
pub(super) async fn upkeep<S: PoolSource>(runtime: Context, options: PoolOptions, pool: Weak<Shared<S>>) {
    let pause = (options.idle_timeout.min(options.lifetime) / 4).min(MAX_UPKEEP);
    while let Some(shared) = pool.upgrade() {
        let now = runtime.now();
        let stale = shared.shelf(|shelf| shelf.remove_stale(|entry| shared.is_stale(entry, now)));
        drop(stale);
        // No more of them than that in a round: those whose peer hangs up at once are no longer there when the next is made.
        for _ in 0..options.min {
            if !shared.shelf(|shelf| shelf.claim_below(options.min)) {
                break;
            }
            // As long as anybody's: a hanging attempt has a place that others wait for.
            match timeout(&runtime, options.timeout, shared.make(Place::new(&shared))).await {
                Ok(Ok(pooled)) => drop(pooled),
                Ok(Err(_)) | Err(_) => break, // Whoever asks for one is told; the next round tries again.
            }
        }
        drop(shared);
        sleep(&runtime, pause.max(Duration::from_millis(1))).await;
    }
}
