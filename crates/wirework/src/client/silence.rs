//! Whether a server that answers nothing any more is taken for lost.
//!
//! It costs nothing while calls are answered: the count begins with a call that has timed out, and what has come in the meantime
//! is looked at only when the time is up.

use std::io;
use std::time::{Duration, Instant};

use crate::time::after;

#[derive(Debug)]
pub(super) struct Silence {
    /// How long it may last.
    limit: Option<Duration>,
    began: Option<Beginning>,
}

#[derive(Debug, Clone, Copy)]
struct Beginning {
    since: Instant,
    /// How many bytes had come by then.
    received: u64,
}

impl Silence {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit, began: None }
    }

    /// When to look.
    pub(super) fn until(&self) -> Option<Instant> {
        Some(after(self.began?.since, self.limit?))
    }

    /// A call has timed out whose answer should have come.
    pub(super) fn suspect(&mut self, since: Instant, received: u64) {
        self.began.get_or_insert(Beginning { since, received });
    }

    /// Fails if it has lasted for too long.
    pub(super) fn look(&mut self, now: Instant, received: u64) -> io::Result<()> {
        if self.began.is_some_and(|began| began.received != received) {
            self.began = None;
        }
        match (self.until(), self.limit) {
            (Some(until), Some(limit)) if until <= now => {
                let message = format!("the peer has said nothing for {limit:?} after a call had timed out");
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    #[test]
    fn it_lasts_from_a_lost_call_until_a_byte_comes() {
        let start = Instant::now();
        let mut silence = Silence::new(Some(10 * SEC));
        silence.look(start + 100 * SEC, 0).unwrap();
        assert_eq!(silence.until(), None);

        silence.suspect(start, 7);
        silence.suspect(start + SEC, 7);
        assert_eq!(silence.until(), Some(start + 10 * SEC));
        silence.look(start + 9 * SEC, 7).unwrap();
        // A byte was enough, and what follows is a silence of its own.
        silence.look(start + 10 * SEC, 8).unwrap();
        assert_eq!(silence.until(), None);
        silence.suspect(start + 11 * SEC, 8);
        let error = silence.look(start + 21 * SEC, 8).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "the peer has said nothing for 10s after a call had timed out"
        );
    }

    #[test]
    fn without_a_limit_it_may_last_for_ever() {
        let now = Instant::now();
        let mut silence = Silence::new(None);
        silence.suspect(now, 0);
        assert_eq!(silence.until(), None);
        silence.look(now + 1_000_000 * SEC, 0).unwrap();
    }
}
