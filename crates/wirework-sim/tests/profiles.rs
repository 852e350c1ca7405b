//! Whether a seed means the same in debug and in release, where arithmetic, inlining and layouts differ.
//!
//! It builds the properties twice, so it is not among the tests that always run:
//! ```sh
//! cargo test -p wirework-sim --test profiles -- --ignored
//! ```

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The property whose runs are compared.
const TEST: &str = "determinism::a_seed_is_the_same_run_in_three_fresh_processes";

#[test]
#[ignore = "builds the properties in debug and in release"]
fn a_seed_is_the_same_run_in_debug_and_release() {
    let binaries = [build(&[]), build(&["--release"])];
    let first = hashes(&binaries[0]);
    assert_eq!(first.len(), 100, "a line for each seed");
    for binary in binaries {
        for process in 1..=3 {
            let again = hashes(&binary);
            let other = first.iter().zip(&again).position(|(here, there)| here != there);
            assert!(
                other.is_none() && again.len() == first.len(),
                "seed {other:?} is another run in process {process} of {}",
                binary.display()
            );
        }
    }
}

/// Builds the properties, and gives the path of their binary.
fn build(profile: &[&str]) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let build = Command::new(cargo)
        .args([
            "test",
            "-p",
            "wirework-sim",
            "--test",
            "properties",
            "--locked",
            "--no-run",
        ])
        .args(profile)
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success(), "{text}");
    let line = text.lines().rev().find(|line| line.contains("Executable"));
    let path = line
        .and_then(|line| line.rsplit_once('('))
        .expect("cargo names what it built");
    root().join(path.1.trim_end_matches(')'))
}

/// The hash of each run, in a fresh process.
fn hashes(binary: &Path) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new(binary)
        .args([TEST, "--exact", "-q"])
        .env("WIREWORK_SIM_HASHES", file.path())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let text = fs::read_to_string(file.path()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
