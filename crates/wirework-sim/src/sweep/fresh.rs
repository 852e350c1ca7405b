//! Whether a seed means the same in another process.
//!
//! Running it twice in one process would not notice what differs between processes: addresses, the keys of hash maps,
//! the environment. So the test's own binary is started again.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use super::settings::HASHES;
use super::{Sweep, SweepConfig, Trial};

/// Checks that each seed's run, up to every single event, is the same in this process and in `processes` fresh ones.
///
/// It must be called directly by a `#[test]` function, which it starts again by its name.
///
/// # Panics
/// Panics if a run differs, naming the seed, or if the test cannot be started again.
#[track_caller]
pub fn assert_same_in_fresh_processes<F, Fut>(config: SweepConfig, name: &str, processes: usize, scenario: F)
where
    F: Fn(Trial) -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    config.check(name);
    let sweep = Sweep {
        config,
        name,
        scenario,
        at: std::panic::Location::caller(),
    };
    let hashes = sweep.hashes(sweep.config.seeds);
    if let Some(path) = env::var_os(HASHES) {
        return write_hashes(Path::new(&path), &hashes);
    }
    for process in 1..=processes {
        let there = in_fresh_process(process);
        assert_eq!(
            there.len(),
            hashes.len(),
            "process {process} made another number of runs"
        );
        for (seed, (here, there)) in hashes.iter().zip(there).enumerate() {
            assert_eq!(
                *here, there,
                "{name:?}: seed {seed} is another run in process {process}"
            );
        }
    }
}

/// One a line, in the order of the seeds.
pub(super) fn write_hashes(path: &Path, hashes: &[u64]) {
    let lines: Vec<String> = hashes.iter().map(|hash| format!("{hash:016x}")).collect();
    fs::write(path, lines.join("\n")).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn in_fresh_process(number: usize) -> Vec<u64> {
    let test = thread::current()
        .name()
        .expect("a test's thread bears its name")
        .to_owned();
    let path = env::temp_dir().join(format!(
        "wirework-sim-{}-{}-{number}",
        std::process::id(),
        test.replace("::", "-")
    ));
    let status = Command::new(env::current_exe().expect("the test's binary"))
        .args([&test, "--exact", "--test-threads=1", "-q"])
        .env(HASHES, &path)
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("cannot start {test} again: {error}"));
    assert!(status.success(), "{test} failed in a fresh process: {status}");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{test} left no hashes: {error}"));
    drop(fs::remove_file(&path));
    text.lines()
        .map(|line| u64::from_str_radix(line, 16).expect("a hash, as it was written"))
        .collect()
}
