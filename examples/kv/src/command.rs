//! The table of commands, and what is done for each of them: looked up, checked, run.

use std::fmt::{self, Write};

use wirework_resp::{Command, ReplyWriter};

use crate::call::{Call, Outcome};
use crate::commands;
use crate::fault::Fault;
use crate::server::Shared;
use crate::session::{Next, Replies, Session};

/// A command.
#[derive(Clone, Copy)]
pub struct Spec {
    /// In lower case.
    pub name: &'static str,
    /// How many arguments it takes with its name; at least that many if it is negative.
    pub arity: i32,
    pub kind: Kind,
    pub keys: Keys,
    run: fn(&mut Call<'_, '_>) -> Outcome,
}

/// What a command does to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Looks at it.
    Read,
    /// Changes it, and does not add to it.
    Write,
    /// May add to it: refused when there is too much.
    Grow,
    /// Does not touch it.
    Other,
    /// As [`Other`](Self::Other), for clients that have not authenticated, too.
    Greeting,
    /// Ends, spoils or prepares a transaction: run at once within one.
    Transaction,
}

/// Which arguments are keys: the first of them, the last (from the end where it is negative), and every how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys(pub i64, pub i64, pub i64);

impl Keys {
    pub const NONE: Self = Self(0, 0, 0);
    pub const FIRST: Self = Self(1, 1, 1);
    pub const TWO: Self = Self(1, 2, 1);
    pub const ALL: Self = Self(1, -1, 1);
}

impl Spec {
    pub const fn new(
        name: &'static str,
        arity: i32,
        kind: Kind,
        keys: Keys,
        run: fn(&mut Call<'_, '_>) -> Outcome,
    ) -> Self {
        Self {
            name,
            arity,
            kind,
            keys,
            run,
        }
    }

    /// Whether it may be given so many arguments, its name included.
    #[inline]
    pub fn takes(&self, arguments: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        arguments == wanted || (self.arity < 0 && arguments > wanted)
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How many places the table has: a power of two, and a few times as many as there are commands.
const PLACES: usize = 1024;

/// All commands, to be found by name.
///
/// A name is at most 16 bytes, so it is compared as one number: finding a command costs about as much as looking at one.
#[derive(Debug)]
pub struct Commands {
    places: Vec<Option<(u128, &'static Spec)>>,
}

impl Default for Commands {
    fn default() -> Self {
        let mut places = vec![None; PLACES];
        for spec in Self::all() {
            let name = packed(spec.name.as_bytes()).expect("names are short");
            let mut place = start(name);
            while places[place].is_some() {
                place = (place + 1) % PLACES;
            }
            places[place] = Some((name, spec));
        }
        Self { places }
    }
}

impl Commands {
    /// Finds a command by its name, in whatever case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<&'static Spec> {
        let name = packed(name)?;
        let mut place = start(name);
        while let Some((other, spec)) = self.places[place] {
            if other == name {
                return Some(spec);
            }
            place = (place + 1) % PLACES;
        }
        None
    }

    /// All commands.
    pub fn all() -> impl Iterator<Item = &'static Spec> {
        commands::FAMILIES.iter().copied().flatten()
    }
}

/// A name in lower case as a number, if it is not too long.
#[inline]
fn packed(name: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..name.len())?.copy_from_slice(name);
    bytes.make_ascii_lowercase();
    Some(u128::from_le_bytes(bytes))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a hash is what is left of a number")]
fn start(name: u128) -> usize {
    let folded = (name as u64) ^ ((name >> 64) as u64).rotate_left(23);
    // Fibonacci hashing: the upper bits depend on all lower ones.
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize % PLACES
}

impl Shared {
    /// Answers a command.
    #[inline]
    pub fn answer(
        &self,
        session: &mut Session,
        command: Command<'_>,
        reply: &mut ReplyWriter<'_>,
        now: std::time::Duration,
    ) {
        let spec = self.commands.find(command.name());
        let mut store = self.store();
        store.counters.commands += 1;
        if !session.subscriptions.is_empty() {
            // What was published before a command comes before its reply, be that the end of the subscription.
            session.subscriptions.mailbox.empty_into(reply);
        }
        let begun = reply.begin();
        let mut call = Call {
            command,
            reply,
            store: &mut store,
            session,
            shared: self,
            now,
        };
        if let Err(fault) = call.answer(spec) {
            call.reply.error(fault.as_str());
        }
        store.serve_waiting();
        drop(store);
        if session.replies == Replies::On {
            return;
        }
        reply.roll_back(begun);
        if let Next::Wait(wait) = &mut session.next {
            wait.is_silent = true;
        }
        session.replies = match session.replies {
            Replies::On | Replies::Skip => Replies::On,
            Replies::SkipNext => Replies::Skip,
            Replies::Off => Replies::Off,
        };
    }
}

impl Call<'_, '_> {
    /// Runs a command, or has it wait for `EXEC`.
    #[inline]
    fn answer(&mut self, spec: Option<&'static Spec>) -> Outcome {
        let Some(spec) = self.check(spec)? else { return Ok(()) };
        self.run(spec)
    }

    /// Runs a command of a transaction.
    pub fn execute(&mut self) {
        let spec = self.shared.commands.find(self.command.name());
        let outcome = match spec {
            Some(spec) => self.run(spec),
            None => Err(self.unknown()),
        };
        if let Err(fault) = outcome {
            self.reply.error(fault.as_str());
        }
    }

    #[inline]
    fn run(&mut self, spec: &Spec) -> Outcome {
        let now = crate::clock::millis(self.now);
        self.store.enter(self.session.db, now);
        (spec.run)(self)
    }

    /// Whether the command may be run, and now.
    #[inline]
    fn check(&mut self, spec: Option<&'static Spec>) -> Result<Option<&'static Spec>, Fault> {
        let checked = match spec {
            None => Err(self.unknown()),
            Some(spec) if !spec.takes(self.len()) => Err(Fault::arity(spec.name)),
            Some(spec) => self.permit(spec).map(|()| spec),
        };
        let Some(transaction) = &mut self.session.transaction else {
            return checked.map(Some);
        };
        match checked {
            Ok(spec) if spec.kind == Kind::Transaction || ["quit", "reset"].contains(&spec.name) => Ok(Some(spec)),
            Ok(_) => {
                transaction.commands.push(self.command.to_owned());
                self.reply.simple("QUEUED");
                Ok(None)
            }
            Err(fault) => {
                transaction.is_refused = true;
                Err(fault)
            }
        }
    }

    /// Whether the client may run the command in the state that it and the data are in.
    #[inline]
    fn permit(&self, spec: &Spec) -> Outcome {
        if !self.session.is_authenticated && spec.kind != Kind::Greeting {
            return Err(Fault::NO_AUTH);
        }
        if spec.kind == Kind::Grow && self.store.is_full() {
            return Err(Fault::OUT_OF_MEMORY);
        }
        if !self.session.subscriptions.is_empty() {
            return self.permit_subscriber(spec);
        }
        Ok(())
    }

    /// In RESP2, replies and messages look alike, so a subscriber can do little else.
    #[cold]
    fn permit_subscriber(&self, spec: &Spec) -> Outcome {
        let allowed = [
            "ping",
            "subscribe",
            "psubscribe",
            "unsubscribe",
            "punsubscribe",
            "quit",
            "reset",
        ];
        if self.reply.version() == wirework_resp::Version::Resp3 || allowed.contains(&spec.name) {
            return Ok(());
        }
        Err(Fault::new(format!(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
             context",
            spec.name
        )))
    }

    #[cold]
    fn unknown(&self) -> Fault {
        // As much of it as Redis quotes.
        let quoted = |text: &[u8]| String::from_utf8_lossy(&text[..text.len().min(128)]).into_owned();
        let mut begin = String::new();
        for arg in self.args(1) {
            if begin.len() >= 128 {
                break;
            }
            let left = 128 - begin.len();
            // Writing to a string does not fail.
            let _ = write!(begin, "'{}' ", String::from_utf8_lossy(&arg[..arg.len().min(left)]));
        }
        let name = quoted(self.arg(0));
        Fault::new(format!(
            "ERR unknown command '{name}', with args beginning with: {begin}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_any_case() {
        let commands = Commands::default();
        for spec in Commands::all() {
            assert_eq!(commands.find(spec.name.as_bytes()).unwrap().name, spec.name);
            assert_eq!(
                commands.find(spec.name.to_ascii_uppercase().as_bytes()).unwrap().name,
                spec.name
            );
            assert_eq!(spec.name, spec.name.to_ascii_lowercase());
        }
        for name in ["", "ge", "gett", "a command that is too long", "\0"] {
            assert!(commands.find(name.as_bytes()).is_none(), "{name}");
        }
    }
}
