//! Commands of hashes, lists, sets and sorted sets.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{Redis, RedisError, ToArg, cmd};

impl Redis {
    /// The value of a field of the hash at `key` (`HGET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn hget(&self, key: impl ToArg, field: impl ToArg) -> Result<Option<Bytes>, RedisError> {
        self.query(cmd("HGET").arg(key).arg(field).idempotent()).await
    }

    /// Sets fields of the hash at `key`. How many are new (`HSET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn hset(
        &self,
        key: impl ToArg,
        fields: impl IntoIterator<Item = (impl ToArg, impl ToArg)>,
    ) -> Result<usize, RedisError> {
        let hset = cmd("HSET").arg(key);
        let hset = fields
            .into_iter()
            .fold(hset, |hset, (field, value)| hset.arg(field).arg(value));
        self.query(hset).await
    }

    /// Removes fields of the hash at `key`. How many there were (`HDEL`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn hdel(
        &self,
        key: impl ToArg,
        fields: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("HDEL").arg(key).args(fields)).await
    }

    /// All fields of the hash at `key` (`HGETALL`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn hgetall(&self, key: impl ToArg) -> Result<BTreeMap<Bytes, Bytes>, RedisError> {
        self.query(cmd("HGETALL").arg(key).idempotent()).await
    }

    /// Adds to the integer in a field of the hash at `key`, and gives the sum (`HINCRBY`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn hincr_by(&self, key: impl ToArg, field: impl ToArg, by: i64) -> Result<i64, RedisError> {
        self.query(cmd("HINCRBY").arg(key).arg(field).arg(by)).await
    }

    /// Puts values at the front of the list at `key`, and gives its new length (`LPUSH`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn lpush(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("LPUSH").arg(key).args(values)).await
    }

    /// Puts values at the end of the list at `key`, and gives its new length (`RPUSH`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn rpush(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("RPUSH").arg(key).args(values)).await
    }

    /// Takes the first value off the list at `key` (`LPOP`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn lpop(&self, key: impl ToArg) -> Result<Option<Bytes>, RedisError> {
        self.query(cmd("LPOP").arg(key)).await
    }

    /// Takes the last value off the list at `key` (`RPOP`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn rpop(&self, key: impl ToArg) -> Result<Option<Bytes>, RedisError> {
        self.query(cmd("RPOP").arg(key)).await
    }

    /// A part of the list at `key`, both ends included; negative numbers count from its end (`LRANGE`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn lrange(&self, key: impl ToArg, start: i64, stop: i64) -> Result<Vec<Bytes>, RedisError> {
        self.query(cmd("LRANGE").arg(key).arg(start).arg(stop).idempotent())
            .await
    }

    /// How long the list at `key` is (`LLEN`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn llen(&self, key: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("LLEN").arg(key).idempotent()).await
    }

    /// Adds values to the set at `key`. How many are new (`SADD`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn sadd(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("SADD").arg(key).args(values)).await
    }

    /// Removes values from the set at `key`. How many there were (`SREM`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn srem(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("SREM").arg(key).args(values)).await
    }

    /// Whether a value is in the set at `key` (`SISMEMBER`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn sismember(&self, key: impl ToArg, value: impl ToArg) -> Result<bool, RedisError> {
        self.query(cmd("SISMEMBER").arg(key).arg(value).idempotent()).await
    }

    /// All values of the set at `key`, in no order (`SMEMBERS`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn smembers(&self, key: impl ToArg) -> Result<Vec<Bytes>, RedisError> {
        self.query(cmd("SMEMBERS").arg(key).idempotent()).await
    }

    /// How many values the set at `key` has (`SCARD`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn scard(&self, key: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("SCARD").arg(key).idempotent()).await
    }

    /// Gives values of the sorted set at `key` their scores. How many values are new (`ZADD`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn zadd(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = (f64, impl ToArg)>,
    ) -> Result<usize, RedisError> {
        let zadd = cmd("ZADD").arg(key);
        let zadd = values
            .into_iter()
            .fold(zadd, |zadd, (score, value)| zadd.arg(score).arg(value));
        self.query(zadd).await
    }

    /// The score of a value in the sorted set at `key` (`ZSCORE`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn zscore(&self, key: impl ToArg, value: impl ToArg) -> Result<Option<f64>, RedisError> {
        self.query(cmd("ZSCORE").arg(key).arg(value).idempotent()).await
    }

    /// The values of the sorted set at `key` from one place to another, lowest scores first, both ends included; negative
    /// numbers count from its end (`ZRANGE`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn zrange(&self, key: impl ToArg, start: i64, stop: i64) -> Result<Vec<Bytes>, RedisError> {
        self.query(cmd("ZRANGE").arg(key).arg(start).arg(stop).idempotent())
            .await
    }

    /// Removes values from the sorted set at `key`. How many there were (`ZREM`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn zrem(
        &self,
        key: impl ToArg,
        values: impl IntoIterator<Item = impl ToArg>,
    ) -> Result<usize, RedisError> {
        self.query(cmd("ZREM").arg(key).args(values)).await
    }

    /// How many values the sorted set at `key` has (`ZCARD`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn zcard(&self, key: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("ZCARD").arg(key).idempotent()).await
    }
}
