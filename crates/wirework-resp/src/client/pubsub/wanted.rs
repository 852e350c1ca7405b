//! What is subscribed to, and what of it the server has not confirmed yet.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::{Change, Done};
use crate::{Cmd, ServerError, cmd};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Channel,
    Pattern,
}

/// Subscriptions, as they are to be. It does no I/O: it says what to send.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    channels: BTreeSet<Bytes>,
    patterns: BTreeSet<Bytes>,
    /// The commands that were sent, oldest first.
    unconfirmed: VecDeque<Unconfirmed>,
}

#[derive(Debug)]
struct Unconfirmed {
    /// How many names are still to be confirmed.
    left: usize,
    /// Who waits for that.
    waiting: Vec<Done>,
    /// What is not subscribed to if the server refuses it; `None` if it had been confirmed on an earlier connection.
    new: Option<(Kind, Vec<Bytes>)>,
}

impl Wanted {
    /// Takes a change into account. Gives the command for it.
    pub(super) fn change(&mut self, change: Change) -> Cmd {
        let set = self.set(change.kind);
        for name in &change.names {
            if change.subscribe {
                set.insert(name.clone());
            } else {
                set.remove(name);
            }
        }
        let cmd = command(change.kind, change.subscribe).args(&change.names);
        self.unconfirmed.push_back(Unconfirmed {
            left: change.names.len(),
            waiting: vec![change.done],
            new: Some((change.kind, change.names)),
        });
        cmd
    }

    /// The server has confirmed one name. It does so in order, whether or not anything has changed by it.
    pub(super) fn confirm(&mut self) {
        let Some(first) = self.unconfirmed.front_mut() else {
            return;
        };
        first.left -= 1;
        if first.left == 0
            && let Some(first) = self.unconfirmed.pop_front()
        {
            tell(&first.waiting, &Ok(()));
        }
    }

    /// The server has refused the oldest command: whoever asked for it is told, and nothing is subscribed to by it.
    ///
    /// # Errors
    /// Gives the error back if nobody did: then the connection is no good.
    pub(super) fn refuse(&mut self, error: ServerError) -> Result<(), ServerError> {
        let Some(Unconfirmed {
            waiting,
            new: Some((kind, names)),
            ..
        }) = self.unconfirmed.pop_front()
        else {
            return Err(error);
        };
        let set = self.set(kind);
        for name in &names {
            set.remove(name);
        }
        tell(&waiting, &Err(error));
        Ok(())
    }

    /// On a new connection: the commands to subscribe to all there is. Who waits, waits for these now.
    pub(super) fn again(&mut self) -> Vec<Cmd> {
        let waiting: Vec<_> = self.unconfirmed.drain(..).flat_map(|one| one.waiting).collect();
        let left = self.channels.len() + self.patterns.len();
        if left == 0 {
            tell(&waiting, &Ok(()));
            return Vec::new();
        }
        self.unconfirmed.push_back(Unconfirmed {
            left,
            waiting,
            new: None,
        });
        let sets = [(Kind::Channel, &self.channels), (Kind::Pattern, &self.patterns)];
        let sets = sets.into_iter().filter(|(_, names)| !names.is_empty());
        sets.map(|(kind, names)| command(kind, true).args(names)).collect()
    }

    fn set(&mut self, kind: Kind) -> &mut BTreeSet<Bytes> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
        }
    }
}

fn command(kind: Kind, subscribe: bool) -> Cmd {
    cmd(match (kind, subscribe) {
        (Kind::Channel, true) => "SUBSCRIBE",
        (Kind::Channel, false) => "UNSUBSCRIBE",
        (Kind::Pattern, true) => "PSUBSCRIBE",
        (Kind::Pattern, false) => "PUNSUBSCRIBE",
    })
}

fn tell(waiting: &[Done], result: &Result<(), ServerError>) {
    for done in waiting {
        // Who does not wait any more need not be told.
        let _ = done.try_send(result.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(
        kind: Kind,
        subscribe: bool,
        names: &[&'static str],
    ) -> (Change, async_channel::Receiver<Result<(), ServerError>>) {
        let (done, confirmed) = async_channel::bounded(1);
        let names = names.iter().map(|name| Bytes::from_static(name.as_bytes())).collect();
        (
            Change {
                kind,
                subscribe,
                names,
                done,
            },
            confirmed,
        )
    }

    #[test]
    fn changes_are_confirmed_in_order_name_by_name() {
        let mut wanted = Wanted::default();
        let (two, two_done) = change(Kind::Channel, true, &["a", "b"]);
        let (one, one_done) = change(Kind::Pattern, true, &["p*"]);
        assert_eq!(wanted.change(two), cmd("SUBSCRIBE").args(["a", "b"]));
        assert_eq!(wanted.change(one), cmd("PSUBSCRIBE").arg("p*"));
        wanted.confirm();
        assert!(two_done.try_recv().is_err());
        wanted.confirm();
        assert!(two_done.try_recv().is_ok() && one_done.try_recv().is_err());
        wanted.confirm();
        assert!(one_done.try_recv().is_ok());
        wanted.confirm();
    }

    #[test]
    fn a_new_connection_gets_what_is_left_and_confirms_it_to_all() {
        let mut wanted = Wanted::default();
        let (first, first_done) = change(Kind::Channel, true, &["a", "b"]);
        let (second, second_done) = change(Kind::Channel, false, &["b"]);
        let (third, third_done) = change(Kind::Pattern, true, &["p*"]);
        for change in [first, second, third] {
            let _ = wanted.change(change);
        }
        wanted.confirm();
        assert_eq!(wanted.again(), [cmd("SUBSCRIBE").arg("a"), cmd("PSUBSCRIBE").arg("p*")]);
        wanted.confirm();
        assert!(first_done.try_recv().is_err());
        wanted.confirm();
        for done in [first_done, second_done, third_done] {
            assert!(done.try_recv().is_ok());
        }
    }

    #[test]
    fn with_nothing_left_nothing_is_waited_for() {
        let mut wanted = Wanted::default();
        let (gone, done) = change(Kind::Channel, false, &["a"]);
        let _ = wanted.change(gone);
        assert!(wanted.again().is_empty());
        assert!(done.try_recv().is_ok());
    }

    #[test]
    fn what_is_refused_is_not_subscribed_to() {
        let mut wanted = Wanted::default();
        let (first, first_done) = change(Kind::Channel, true, &["a"]);
        let (second, second_done) = change(Kind::Channel, true, &["b"]);
        let _ = (wanted.change(first), wanted.change(second));
        let error = || ServerError::new("NOPERM no");
        assert_eq!(wanted.refuse(error()), Ok(()));
        wanted.confirm();
        assert_eq!(first_done.try_recv(), Ok(Err(error())));
        assert_eq!(second_done.try_recv(), Ok(Ok(())));
        assert_eq!(wanted.refuse(error()), Err(error()));
        assert_eq!(wanted.again(), [cmd("SUBSCRIBE").arg("b")]);
        assert_eq!(wanted.refuse(error()), Err(error()));
    }
}
