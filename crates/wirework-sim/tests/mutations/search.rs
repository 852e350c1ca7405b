//! Looks for one bug.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::copy::Copy;
use crate::list::Mutation;

/// Within how many seeds each has to be found.
pub(crate) const SEEDS: u64 = 1000;

/// How long a property may take. A planted bug may make it hang for good, which counts as found.
const SECONDS: &str = "900";

/// The search for a bug, or for none, with one property.
pub(crate) struct Search<'a> {
    copy: &'a Copy,
    bug: Option<&'a Mutation>,
    property: &'a str,
}

/// What came of it.
pub(crate) enum Outcome {
    Found(How),
    NotFound,
}

/// How a bug was found.
pub(crate) struct How {
    /// The lowest seed that fails; none if it takes all of them, or if it hangs.
    pub(crate) seed: Option<u64>,
    /// What the property says.
    pub(crate) words: String,
}

impl<'a> Search<'a> {
    pub(crate) fn of(copy: &'a Copy, bug: &'a Mutation) -> Self {
        Self {
            copy,
            bug: Some(bug),
            property: bug.property,
        }
    }

    /// As a check of the property itself.
    pub(crate) fn without_a_bug(copy: &'a Copy, property: &'a str) -> Self {
        Self {
            copy,
            bug: None,
            property,
        }
    }

    /// Plants the bug, builds, and looks; or remembers what it found last time.
    pub(crate) fn run(&self) -> Outcome {
        let memory = self.memory();
        if let Some(outcome) = fs::read_to_string(&memory).ok().and_then(|text| self.remember(&text)) {
            return outcome;
        }
        let planted = self.bug.map(|bug| self.copy.plant(bug).unwrap());
        let binary = self
            .copy
            .build()
            .unwrap_or_else(|error| panic!("{} does not build:\n{error}", self.name()));
        drop(planted);
        let outcome = self.look(&binary);
        fs::write(memory, format!("{:x}\n{outcome}\n", self.hash())).unwrap();
        outcome
    }

    fn look(&self, binary: &PathBuf) -> Outcome {
        let run = Command::new("timeout")
            .args([SECONDS])
            .arg(binary)
            .args([self.property, "--exact"])
            .current_dir(self.copy.path())
            .env("WIREWORK_SIM_SEEDS", SEEDS.to_string())
            .env("RUST_BACKTRACE", "0")
            .env_remove("WIREWORK_SIM_SEED")
            .env_remove("WIREWORK_SIM_REPLAY")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let output = [&run.stdout[..], &run.stderr[..]].map(String::from_utf8_lossy).concat();
        assert!(
            output.contains("running 1 test"),
            "{}: there is no property {}\n{output}",
            self.name(),
            self.property
        );
        if run.status.success() {
            return Outcome::NotFound;
        }
        let mut lines = output.lines().skip_while(|line| !line.starts_with("sweep "));
        let Some(first) = lines.next() else {
            let words = format!("it hung or aborted: {}", run.status);
            return Outcome::Found(How { seed: None, words });
        };
        let seed = first
            .split_once(" failed at seed ")
            .and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
        let words = match seed {
            Some(_) => lines.next().unwrap_or_default().trim(),
            None => first,
        };
        let words = words.to_owned();
        Outcome::Found(How { seed, words })
    }

    fn name(&self) -> &str {
        self.bug.map_or("the tree as it is", |bug| bug.name)
    }

    fn memory(&self) -> PathBuf {
        let prefix = self.bug.map_or(self.property, |bug| bug.name);
        self.copy.memory(prefix)
    }

    /// What an outcome holds for.
    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.copy.hash(), self.property, SEEDS).hash(&mut hasher);
        let bug = self.bug.map(|bug| (bug.file, bug.from, bug.to));
        bug.hash(&mut hasher);
        hasher.finish()
    }

    fn remember(&self, text: &str) -> Option<Outcome> {
        let (hash, outcome) = text.split_once('\n')?;
        let outcome = outcome.trim_end();
        if hash != format!("{:x}", self.hash()) {
            return None;
        }
        if outcome == Outcome::NotFound.to_string() {
            return Some(Outcome::NotFound);
        }
        let (at, words) = outcome.split_once(": ")?;
        let seed = at.strip_prefix("found at seed ").and_then(|seed| seed.parse().ok());
        let words = words.to_owned();
        Some(Outcome::Found(How { seed, words }))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(f, "not found within {SEEDS} seeds"),
            Self::Found(how) => match how.seed {
                Some(seed) => write!(f, "found at seed {seed}: {}", how.words),
                None => write!(f, "found: {}", how.words),
            },
        }
    }
}
