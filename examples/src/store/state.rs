//! What is stored, and what requests do to it. No bytes, no connection.

use std::collections::BTreeMap;

use super::{Reply, Request};

/// The most keys in a store: a client cannot make it grow for ever.
const MAX_KEYS: usize = 1000;

/// The values of one connection, by key.
#[derive(Debug, Default)]
pub(super) struct Store {
    values: BTreeMap<String, String>,
}

impl Store {
    /// Does what is asked.
    pub(super) fn answer<'a>(&'a mut self, request: Request<'a>) -> Reply<'a> {
        match request {
            Request::Set { key, value } => self
                .put(key, value.to_owned())
                .map_or_else(|full| full, |_| Reply::Done),
            Request::Get(key) => self
                .values
                .get(key)
                .map_or(Reply::NoSuchKey(key), |value| Reply::Value(value)),
            Request::Del(key) => self.values.remove(key).map_or(Reply::NoSuchKey(key), |_| Reply::Done),
            Request::Add { key, number } => self.add(key, number).unwrap_or_else(|refusal| refusal),
            Request::List => Reply::List(&self.values),
            Request::Quit => Reply::Bye,
        }
    }

    fn add<'a>(&'a mut self, key: &'a str, number: i64) -> Result<Reply<'a>, Reply<'a>> {
        let stored = self.values.get(key).map_or("0", String::as_str);
        let stored: i64 = stored.parse().map_err(|_| Reply::NotANumber(key))?;
        let sum = stored.checked_add(number).ok_or(Reply::Overflow(key))?;
        self.put(key, sum.to_string()).map(Reply::Value)
    }

    fn put<'a>(&'a mut self, key: &str, value: String) -> Result<&'a str, Reply<'a>> {
        if self.values.len() == MAX_KEYS && !self.values.contains_key(key) {
            return Err(Reply::Full);
        }
        let stored = self.values.entry(key.to_owned()).or_default();
        *stored = value;
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(store: &mut Store, line: &str) -> String {
        store.answer(Request::parse(line).unwrap()).to_string()
    }

    #[test]
    fn sums_have_an_end() {
        let mut store = Store::default();
        assert_eq!(
            answer(&mut store, "ADD n 9223372036854775807"),
            "VALUE 9223372036854775807"
        );
        assert_eq!(answer(&mut store, "ADD n 1"), r#"ERR the sum for "n" is too large"#);
        assert_eq!(answer(&mut store, "ADD n -1"), "VALUE 9223372036854775806");
    }

    #[test]
    fn a_store_has_an_end() {
        let mut store = Store::default();
        for number in 0..MAX_KEYS {
            assert_eq!(answer(&mut store, &format!("SET {number} x")), "OK");
        }
        assert_eq!(answer(&mut store, "SET more x"), "ERR the store is full");
        assert_eq!(answer(&mut store, "ADD more 1"), "ERR the store is full");
        assert_eq!(answer(&mut store, "SET 0 y"), "OK");
    }
}
