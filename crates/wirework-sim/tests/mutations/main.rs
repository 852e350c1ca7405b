//! Whether the properties find bugs: plants known ones in a copy of the tree, one at a time, and sees that each is found.
//!
//! It builds wirework once a bug, so it is not among the tests that always run:
//! ```sh
//! cargo test -p wirework-sim --test mutations -- --ignored --nocapture
//! ```
//! What was found is kept in the target directory and not looked for again while nothing that it depends on changes, so
//! that it can be interrupted. `WIREWORK_SIM_MUTATION` picks the bugs whose names contain it. Once all are found, the
//! table in `docs/planted-bugs.md` is written.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

mod copy;
mod list;
mod search;
mod table;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use copy::Copy;
use list::MUTATIONS;
use search::{Outcome, SEEDS, Search};

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

#[test]
#[ignore = "builds the workspace once for each planted bug"]
fn every_planted_bug_is_found() {
    let copy = Copy::of(&root()).unwrap();
    let wanted = env::var("WIREWORK_SIM_MUTATION").unwrap_or_default();
    let mut picked: Vec<_> = MUTATIONS.iter().filter(|bug| bug.name.contains(&wanted)).collect();
    // What is built for one bug serves the next in the same file.
    picked.sort_by_key(|bug| bug.file);

    // A property that fails of itself would find everything.
    let properties: BTreeSet<_> = picked.iter().map(|bug| bug.property).collect();
    for property in properties {
        let outcome = Search::without_a_bug(&copy, property).run();
        assert!(
            matches!(outcome, Outcome::NotFound),
            "{property} fails without a bug: {outcome}"
        );
        println!("{property} passes {SEEDS} seeds as it is");
    }

    let mut found = Vec::new();
    let mut missed = Vec::new();
    for bug in picked {
        let outcome = Search::of(&copy, bug).run();
        println!("{}: {outcome}", bug.name);
        match outcome {
            Outcome::Found(how) => found.push((bug, how)),
            Outcome::NotFound => missed.push(bug.name),
        }
    }
    assert!(missed.is_empty(), "not found within {SEEDS} seeds: {missed:?}");
    if found.len() == MUTATIONS.len() {
        table::write(&root(), &found).unwrap();
    }
}

/// The bugs must still be there to be planted, and differ. This is cheap, so it always runs.
#[test]
fn every_bug_can_be_planted() {
    let root = root();
    assert!(MUTATIONS.len() >= 15);
    for bug in MUTATIONS {
        let text = std::fs::read_to_string(root.join(bug.file)).unwrap();
        let times = text.matches(bug.from).count();
        assert_eq!(
            times, 1,
            "{}: the code to break is {times} times in {}",
            bug.name, bug.file
        );
        assert_ne!(bug.from, bug.to, "{}", bug.name);
    }
}

/// What the table says was found has to be what is looked for. New bugs come into it when they are next looked for.
#[test]
fn the_table_is_of_these_bugs() {
    let text = table::read(&root()).unwrap();
    let listed = |row: &&str| {
        MUTATIONS
            .iter()
            .any(|bug| row.starts_with(&format!("| {} | `{}` |", bug.name, bug.property)))
    };
    let gone: Vec<_> = table::rows(&text).filter(|row| !listed(row)).collect();
    assert!(gone.is_empty(), "no longer planted: {gone:#?}");
    assert!(table::rows(&text).count() >= 15);
}
