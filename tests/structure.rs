//! What must hold of the workspace itself: its dependencies point inward, and the adapters are alike.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that must not know a runtime.
const CORE: [&str; 2] = ["wirework", "wirework-codec"];

/// The protocols, which must not know a runtime either.
const PROTOCOLS: [&str; 1] = ["wirework-resp"];

/// What they must not depend on, by the first part of its name.
const RUNTIMES: [&str; 7] = [
    "smol",
    "async-std",
    "tokio",
    "async-io",
    "async-executor",
    "async-global-executor",
    "mio",
];

/// The crates that adapt one runtime each.
const ADAPTERS: [&str; 3] = ["wirework-smol", "wirework-async-std", "wirework-tokio"];

/// How many lines of code an adapter may have, comments and blank lines aside.
const ADAPTER_LINES: usize = 400;

/// In the adapter of tokio, the bridge to tokio-util's codecs: it adapts no runtime, so no other adapter has it.
const BRIDGE: &str = "src/codec.rs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are in the workspace")
}

/// The names of all crates that `package` is built from.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{lib}",
            "--package",
            package,
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    names.lines().map(|name| name.trim().replace('_', "-")).collect()
}

/// The files of a crate, relative to it.
fn files(package: &str) -> BTreeSet<PathBuf> {
    fn collect(dir: &Path, base: &Path, into: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, base, into);
            } else {
                into.insert(path.strip_prefix(base).unwrap().to_path_buf());
            }
        }
    }
    let base = root().join("crates").join(package);
    let mut found = BTreeSet::new();
    collect(&base, &base, &mut found);
    found
}

/// The source files of a crate, tests aside.
fn sources(package: &str) -> BTreeSet<PathBuf> {
    files(package)
        .into_iter()
        .filter(|path| path.starts_with("src") && path != Path::new(BRIDGE))
        .collect()
}

/// The text of a source file without its unit tests, which stand at its end.
fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].to_string()
}

fn code_lines(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_core_and_the_protocols_depend_on_no_runtime() {
    for package in CORE.into_iter().chain(PROTOCOLS) {
        let found = dependencies(package);
        assert!(
            found.contains("bytes"),
            "the list is not that of dependencies: {found:?}"
        );
        for runtime in RUNTIMES {
            assert!(!found.contains(runtime), "{package} depends on {runtime}");
        }
    }
}

#[test]
fn adapters_do_not_depend_on_each_other() {
    for package in ADAPTERS {
        let found = dependencies(package);
        for other in ADAPTERS {
            assert!(
                other == package || !found.contains(other),
                "{package} depends on {other}"
            );
        }
    }
}

#[test]
fn adapters_have_the_same_files() {
    let [first, rest @ ..] = ADAPTERS;
    for other in rest {
        assert_eq!(sources(first), sources(other), "{first} and {other} differ");
    }
}

#[test]
fn adapters_are_small() {
    for package in ADAPTERS {
        let src = root().join("crates").join(package);
        let lines: usize = sources(package)
            .iter()
            .map(|path| code_lines(&without_tests(&src.join(path))))
            .sum();
        assert!(lines > 0 && lines <= ADAPTER_LINES, "{package} has {lines} lines");
    }
}

/// Checks that no source of a crate mentions any of these.
fn mentions_none(package: &str, forbidden: &[&str]) {
    let base = root().join("crates").join(package);
    for path in sources(package) {
        let text = without_tests(&base.join(&path));
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for forbidden in forbidden {
                let place = format!("{package}/{}:{}", path.display(), number + 1);
                assert!(
                    !code.contains(forbidden),
                    "{place} uses {forbidden}; it must come from the runtime"
                );
            }
        }
    }
}

#[test]
fn the_core_reads_no_clock_and_rolls_no_dice() {
    for package in CORE {
        let forbidden = [
            "Instant::now",
            "SystemTime",
            "thread::sleep",
            "fastrand",
            "RandomState",
            "HashMap",
        ];
        mentions_none(package, &forbidden);
    }
}

/// Of times and maps that they are given or make for others they may know.
#[test]
fn protocols_read_no_clock_and_roll_no_dice() {
    for package in PROTOCOLS {
        mentions_none(
            package,
            &[
                "Instant::now",
                "SystemTime::now",
                "thread::sleep",
                "fastrand",
                "RandomState",
            ],
        );
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    for package in CORE
        .iter()
        .chain(&PROTOCOLS)
        .chain(&ADAPTERS)
        .chain(&["wirework-async-io", "wirework-testkit"])
    {
        let base = root().join("crates").join(package);
        for path in files(package)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        {
            let text = fs::read_to_string(base.join(&path)).unwrap();
            let says = text.starts_with("//!") || text.starts_with("#![doc");
            assert!(says, "{package}/{} does not say what it is", path.display());
        }
    }
}
