//! Commands of strings.

use bytes::Bytes;

use super::SetOptions;
use crate::{Redis, RedisError, ToArg, cmd};

impl Redis {
    /// The value of `key`, if there is one (`GET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn get(&self, key: impl ToArg) -> Result<Option<Bytes>, RedisError> {
        self.query(cmd("GET").arg(key).idempotent()).await
    }

    /// Sets the value of `key` (`SET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn set(&self, key: impl ToArg, value: impl ToArg) -> Result<(), RedisError> {
        self.query(cmd("SET").arg(key).arg(value)).await
    }

    /// Sets the value of `key` as `options` say (`SET`). Whether it was set.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn set_with(&self, key: impl ToArg, value: impl ToArg, options: SetOptions) -> Result<bool, RedisError> {
        self.query(options.add_to(cmd("SET").arg(key).arg(value))).await
    }

    /// As [`set_with`](Self::set_with), and gives the value that was there before (`SET` with `GET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn set_and_get(
        &self,
        key: impl ToArg,
        value: impl ToArg,
        options: SetOptions,
    ) -> Result<Option<Bytes>, RedisError> {
        self.query(options.add_to(cmd("SET").arg(key).arg(value)).arg("GET"))
            .await
    }

    /// The value of `key`, which is removed (`GETDEL`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn get_del(&self, key: impl ToArg) -> Result<Option<Bytes>, RedisError> {
        self.query(cmd("GETDEL").arg(key)).await
    }

    /// The values of several keys, in their order (`MGET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn mget(&self, keys: impl IntoIterator<Item = impl ToArg>) -> Result<Vec<Option<Bytes>>, RedisError> {
        self.query(cmd("MGET").args(keys).idempotent()).await
    }

    /// Sets the values of several keys at once (`MSET`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn mset(&self, pairs: impl IntoIterator<Item = (impl ToArg, impl ToArg)>) -> Result<(), RedisError> {
        let mset = pairs
            .into_iter()
            .fold(cmd("MSET"), |mset, (key, value)| mset.arg(key).arg(value));
        self.query(mset).await
    }

    /// Adds 1 to the integer at `key`, and gives the sum (`INCR`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn incr(&self, key: impl ToArg) -> Result<i64, RedisError> {
        self.query(cmd("INCR").arg(key)).await
    }

    /// Adds to the integer at `key`, and gives the sum (`INCRBY`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn incr_by(&self, key: impl ToArg, by: i64) -> Result<i64, RedisError> {
        self.query(cmd("INCRBY").arg(key).arg(by)).await
    }

    /// Adds to the number at `key`, and gives the sum (`INCRBYFLOAT`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn incr_by_float(&self, key: impl ToArg, by: f64) -> Result<f64, RedisError> {
        self.query(cmd("INCRBYFLOAT").arg(key).arg(by)).await
    }

    /// Appends to the value of `key`, and gives its new length in bytes (`APPEND`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn append(&self, key: impl ToArg, value: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("APPEND").arg(key).arg(value)).await
    }

    /// How long the value of `key` is, in bytes; 0 if there is none (`STRLEN`).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn strlen(&self, key: impl ToArg) -> Result<usize, RedisError> {
        self.query(cmd("STRLEN").arg(key).idempotent()).await
    }
}
