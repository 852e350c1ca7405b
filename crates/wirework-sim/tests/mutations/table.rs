//! The table of what was found, as the documentation has it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::list::Mutation;
use crate::search::{How, SEEDS};

/// The longest quotation of what a property says.
const WORDS: usize = 70;

/// What stands above the rows.
const HEAD: &str = "\
# Planted bugs

Whether wirework's [simulation tests](break-your-protocol.md) would notice is itself tested: each of these bugs is planted in a copy
of the tree, and one of the [properties](../crates/wirework-sim/tests/properties) has to find it within SEEDS seeds. This page is
written by that test, which is

```sh
cargo test -p wirework-sim --test mutations -- --ignored --nocapture
```

The seed is the first that fails, counted from 0; none is given where it takes all of them. Without a bug, every property named here
passes SEEDS seeds.

| bug | property that finds it | seed | what it says |
|---|---|---|---|
";

fn path(root: &Path) -> PathBuf {
    root.join("docs/planted-bugs.md")
}

pub(crate) fn read(root: &Path) -> io::Result<String> {
    fs::read_to_string(path(root))
}

/// The rows of a table, without its head.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with("| ")).skip(1)
}

/// Writes what was found, in the order of the list.
pub(crate) fn write(root: &Path, found: &[(&Mutation, How)]) -> io::Result<()> {
    let mut text = HEAD.replace("SEEDS", &SEEDS.to_string());
    for bug in crate::MUTATIONS {
        if let Some((_, how)) = found.iter().find(|(other, _)| other.name == bug.name) {
            let seed = how.seed.map_or_else(|| "—".to_owned(), |seed| seed.to_string());
            let words = quoted(&how.words);
            writeln!(text, "| {} | `{}` | {seed} | {words} |", bug.name, bug.property).expect("a string takes all");
        }
    }
    fs::write(path(root), text)
}

/// Its beginning, without what Markdown would take for its own.
fn quoted(words: &str) -> String {
    let mut short: String = words.chars().take(WORDS).collect();
    if short.len() < words.len() {
        short.push('…');
    }
    format!("`{}`", short.replace(['|', '`'], "/"))
}
