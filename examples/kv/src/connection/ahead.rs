//! What a client sends while one of its commands waits for something, to be answered afterwards.
//!
//! It is read, and not left where it is, because the end of a connection comes behind it: who has gone must not be
//! given anything.

use std::collections::VecDeque;

use wirework::ReadError;
use wirework_resp::{CommandError, OwnedCommand};

/// About so many bytes are read ahead; a client that sends more waits.
const ENOUGH: usize = 64 * 1024;

/// What an argument takes beside its bytes.
const OVERHEAD: usize = 32;

/// Commands in the order in which they came, and what came behind them that is none.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    commands: VecDeque<OwnedCommand>,
    weight: usize,
    error: Option<Box<ReadError<CommandError>>>,
}

impl Ahead {
    /// Whether nothing more should be read.
    pub(super) fn is_full(&self) -> bool {
        self.weight >= ENOUGH || self.error.is_some()
    }

    pub(super) fn push(&mut self, command: OwnedCommand) {
        self.weight += weight(&command);
        self.commands.push_back(command);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<OwnedCommand> {
        let command = self.commands.pop_front()?;
        self.weight -= weight(&command);
        if self.commands.is_empty() {
            self.commands = VecDeque::new();
        }
        Some(command)
    }

    /// What comes next is no command.
    pub(super) fn end(&mut self, error: ReadError<CommandError>) {
        self.error = Some(Box::new(error));
    }

    /// Why what comes behind the commands is none.
    pub(super) fn take_error(&mut self) -> Option<ReadError<CommandError>> {
        self.error.take().map(|error| *error)
    }
}

fn weight(command: &OwnedCommand) -> usize {
    let arguments = command.as_ref().args_from(0);
    arguments.map(|argument| argument.len() + OVERHEAD).sum()
}
