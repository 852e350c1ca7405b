//! Whether the properties find bugs: plants known ones in a copy of the tree, one at a time, and sees that each is found.
//!
//! It builds wirework once a bug, so it is not among the tests that always run:
//! ```sh
//! cargo test -p wirework-sim --test mutations -- --ignored --nocapture
//! ```
//! `WIREWORK_SIM_MUTATION` picks those whose names contain it.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

mod list;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs, io};

use list::{MUTATIONS, Mutation};

/// Within how many seeds each has to be found.
const SEEDS: &str = "1000";

/// How long a property may take. A mutant may hang for good, which counts as found.
const SECONDS: &str = "600";

#[test]
#[ignore = "builds the workspace once for each planted bug"]
fn every_planted_bug_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&root, copy.path()).unwrap();
    let wanted = env::var("WIREWORK_SIM_MUTATION").unwrap_or_default();
    let mut missed = Vec::new();
    for mutation in MUTATIONS.iter().filter(|mutation| mutation.name.contains(&wanted)) {
        let file = copy.path().join(mutation.file);
        let original = fs::read_to_string(&file).unwrap();
        fs::write(&file, original.replacen(mutation.from, mutation.to, 1)).unwrap();
        let found = search(&root, copy.path(), mutation);
        fs::write(&file, original).unwrap();
        println!("{}: {}", mutation.name, found.as_deref().unwrap_or("NOT FOUND"));
        if found.is_none() {
            missed.push(mutation.name);
        }
    }
    assert!(missed.is_empty(), "not found within {SEEDS} seeds: {missed:?}");
}

/// The bugs must still be there to be planted, and differ. This is cheap, so it always runs.
#[test]
fn every_bug_can_be_planted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(MUTATIONS.len() >= 15);
    for mutation in MUTATIONS {
        let text = fs::read_to_string(root.join(mutation.file)).unwrap();
        let times = text.matches(mutation.from).count();
        assert_eq!(
            times, 1,
            "{}: the code to break is {times} times in {}",
            mutation.name, mutation.file
        );
        assert_ne!(mutation.from, mutation.to, "{}", mutation.name);
    }
}

/// Runs the property that should find it. Gives how it failed, if it did.
fn search(root: &Path, copy: &Path, mutation: &Mutation) -> Option<String> {
    let build = cargo(root, copy).args(["--no-run"]).output().unwrap();
    assert!(
        build.status.success(),
        "{} does not build:\n{}",
        mutation.name,
        text(&build)
    );
    let run = Command::new("timeout")
        .args([
            SECONDS,
            executable(&text(&build)).to_str().unwrap(),
            mutation.property,
            "--exact",
        ])
        .current_dir(copy)
        .env("WIREWORK_SIM_SEEDS", SEEDS)
        .env("RUST_BACKTRACE", "0")
        .env_remove("WIREWORK_SIM_SEED")
        .env_remove("WIREWORK_SIM_REPLAY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = text(&run);
    assert!(
        output.contains("running 1 test"),
        "{}: there is no property {}",
        mutation.name,
        mutation.property
    );
    if run.status.success() {
        return None;
    }
    let mut lines = output.lines().skip_while(|line| !line.starts_with("sweep "));
    let report = lines
        .next()
        .map(|line| format!("{line} {}", lines.next().unwrap_or_default().trim()));
    Some(report.unwrap_or_else(|| format!("{} hung or aborted: {}", mutation.property, run.status)))
}

/// The path that `cargo test --no-run` prints in parentheses.
fn executable(output: &str) -> PathBuf {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains("Executable"))
        .expect("cargo names what it built");
    let path = line.rsplit_once('(').unwrap().1.trim_end_matches(')');
    PathBuf::from(path)
}

fn cargo(root: &Path, copy: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["test", "-p", "wirework-sim", "--test", "properties", "--locked"])
        .current_dir(copy)
        // Kept from run to run, so that the dependencies are built once.
        .env("CARGO_TARGET_DIR", root.join("target/mutations"));
    command
}

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]]
        .map(String::from_utf8_lossy)
        .concat()
}

/// Copies what is needed to build: all but what was built, and what is hidden.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
