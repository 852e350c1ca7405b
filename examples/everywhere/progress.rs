//! What is seen while it works: a bar on a terminal, lines elsewhere.

use std::cell::Cell;
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::Pair;

/// Progress over a known number of pairs, on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Cell<usize>,
    total: usize,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        let style = ProgressStyle::with_template("{bar:27} {pos}/{len}  {msg}");
        bar.set_style(style.expect("the template is well-formed"));
        Self {
            bar,
            begun: Cell::new(0),
            total,
        }
    }

    /// Says what is being done.
    pub(crate) fn begin(&self, pair: &Pair) {
        self.begun.set(self.begun.get() + 1);
        // indicatif draws nothing where there is no terminal.
        if self.bar.is_hidden() {
            let (begun, total) = (self.begun.get(), self.total);
            writeln!(io::stderr(), "[{begun:2}/{total}] {pair}").ok();
        } else {
            self.bar.set_message(pair.to_string());
        }
    }

    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }

    /// Leaves the terminal as it was.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
