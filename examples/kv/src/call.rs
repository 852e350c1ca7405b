//! A command that is run: what it was given, and what it may look at and change.

use std::time::Duration;

use wirework_resp::{Args, Command, ReplyWriter};

use crate::fault::Fault;
use crate::number;
use crate::server::Shared;
use crate::session::Session;
use crate::store::{Db, Store};

/// What a command's function is given.
#[derive(Debug)]
pub struct Call<'c, 'w> {
    pub command: Command<'c>,
    pub reply: &'c mut ReplyWriter<'w>,
    /// All data, locked.
    pub store: &'c mut Store,
    pub session: &'c mut Session,
    pub shared: &'c Shared,
    /// The time since 1970.
    pub now: Duration,
}

/// The result of a command's function: it has written its reply, or is refused.
pub type Outcome = Result<(), Fault>;

impl<'c> Call<'c, '_> {
    /// How many arguments there are, with the command's name.
    #[inline]
    pub fn len(&self) -> usize {
        self.command.len()
    }

    /// An argument, which there must be: the command's arity says so, or its length was looked at.
    #[inline]
    pub fn arg(&self, place: usize) -> &'c [u8] {
        self.command.arg(place).unwrap_or_default()
    }

    /// An argument that is an integer.
    pub fn integer(&self, place: usize) -> Result<i64, Fault> {
        number::parse(self.arg(place))
    }

    /// The arguments from a place on.
    pub fn args(&self, from: usize) -> Args<'c> {
        self.command.args_from(from)
    }

    /// The arguments from a place on, two by two.
    pub fn pairs(&self, from: usize) -> impl Iterator<Item = (&'c [u8], &'c [u8])> + use<'c> {
        let command = self.command;
        let places = (from..command.len().saturating_sub(1)).step_by(2);
        places.map(move |place| {
            let [first, second] = [place, place + 1].map(|place| command.arg(place).unwrap_or_default());
            (first, second)
        })
    }

    /// Whether an argument is this word, in upper or lower case.
    pub fn is(&self, place: usize, word: &str) -> bool {
        self.arg(place).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The name of the command, in lower case.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.arg(0)).to_ascii_lowercase()
    }

    /// An argument in lower case: for words that are looked up.
    pub fn word(&self, place: usize) -> String {
        String::from_utf8_lossy(self.arg(place)).to_ascii_lowercase()
    }

    /// The client's database.
    #[inline]
    pub fn db(&mut self) -> &mut Db {
        self.store.db()
    }

    /// Refuses a wrong number of arguments that the arity could not see.
    pub fn wrong_arity(&self) -> Fault {
        Fault::arity(&self.name())
    }

    /// 1 or 0, as commands answer yes and no.
    pub fn yes_or_no(&mut self, yes: bool) {
        self.reply.integer(i64::from(yes));
    }
}
