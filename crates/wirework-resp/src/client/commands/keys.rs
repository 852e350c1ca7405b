//! Commands of keys, whatever their values are, and of the server.

use std::time::Duration;

use super::set::millis;
use crate::{Redis, RedisError, ToArg, cmd};

impl Redis {
    /// Asks whether the server is there (`PING`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.query(cmd("PING").idempotent()).await
    }

    /// Removes keys with their values. How many there were (`DEL`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn del(&self, keys: impl IntoIterator<Item = impl ToArg>) -> Result<usize, RedisError> {
        self.query(cmd("DEL").args(keys)).await
    }

    /// How many of the keys there are (`EXISTS`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn exists(&self, keys: impl IntoIterator<Item = impl ToArg>) -> Result<usize, RedisError> {
        self.query(cmd("EXISTS").args(keys).idempotent()).await
    }

    /// Has `key` expire after that time, in whole milliseconds (`PEXPIRE`). Whether there is such a key.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn expire(&self, key: impl ToArg, after: Duration) -> Result<bool, RedisError> {
        self.query(cmd("PEXPIRE").arg(key).arg(millis(after))).await
    }

    /// Has `key` not expire any more (`PERSIST`). Whether it would have.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn persist(&self, key: impl ToArg) -> Result<bool, RedisError> {
        self.query(cmd("PERSIST").arg(key)).await
    }

    /// How long `key` has until it expires, in whole milliseconds (`PTTL`). `None` if it does not, or if there is none.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn ttl(&self, key: impl ToArg) -> Result<Option<Duration>, RedisError> {
        let millis: i64 = self.query(cmd("PTTL").arg(key).idempotent()).await?;
        Ok(u64::try_from(millis).ok().map(Duration::from_millis))
    }

    /// Gives `key` another name, in the place of what had that name (`RENAME`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn rename(&self, key: impl ToArg, to: impl ToArg) -> Result<(), RedisError> {
        self.query(cmd("RENAME").arg(key).arg(to)).await
    }

    /// What kind of value `key` has: `string`, `list`, `none`, … (`TYPE`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn key_type(&self, key: impl ToArg) -> Result<String, RedisError> {
        self.query(cmd("TYPE").arg(key).idempotent()).await
    }

    /// Removes all keys of the database (`FLUSHDB`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn flush_db(&self) -> Result<(), RedisError> {
        self.query(cmd("FLUSHDB")).await
    }

    /// Sends a message to the subscribers of `channel`, and gives how many there are (`PUBLISH`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn publish(&self, channel: impl ToArg, message: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("PUBLISH").arg(channel).arg(message)).await
    }
}
