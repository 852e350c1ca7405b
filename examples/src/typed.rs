//! Standard input for clients.

use std::{io, thread};

use async_channel::Receiver;

/// The lines typed on standard input. Reading them blocks, so it is done on a thread of its own, which ends with the process.
#[must_use]
pub fn typed_lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = async_channel::bounded(1);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            if sender.send_blocking(line).is_err() {
                break;
            }
        }
    });
    receiver
}
