//! What is printed about a seed that failed: all that it takes to go on, on one screen.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use super::attempt::Attempt;
use crate::Plan;

/// Lines of events in the report of a failure. A replay prints more of them.
const EVENTS: usize = 12;

/// Faults of the plan in the report; the replay command has those that matter.
const FAULTS: usize = 12;

/// The longest line, without its indentation, of a screen of 120 columns. A long assertion message would push all else off it.
const WIDTH: usize = 117;

/// The report of `attempt`, which ran `shrunk`, of what was `plan`.
pub(super) fn failure(name: &str, seed: u64, plan: &Plan, shrunk: &Plan, attempt: &Attempt) -> String {
    let what = attempt.failure.as_deref().unwrap_or("nothing");
    let mut text = format!(
        "sweep {name:?} failed at seed {seed}, after {:?} of virtual time:\n",
        attempt.elapsed
    );
    lines(&mut text, what.lines().take(10));
    let needed = shrunk.events().len();
    writeln!(
        text,
        "plan: {needed} of {} faults needed (marked !)",
        plan.events().len()
    )
    .expect("a string");
    let marked = plan.events().iter().map(|event| {
        let mark = if shrunk.events().contains(event) { '!' } else { ' ' };
        format!("{mark} {event}")
    });
    let mut marked: Vec<String> = marked.collect();
    if marked.len() > FAULTS {
        marked.retain(|line| line.starts_with('!'));
    }
    lines(&mut text, marked.iter().map(String::as_str).take(FAULTS));
    writeln!(text, "replay:\n  {}", replay_command(seed, shrunk)).expect("a string");
    if let Some(path) = write_capture(name, seed, attempt) {
        writeln!(text, "capture: {}", path.display()).expect("a string");
    }
    let tail = &attempt.log[attempt.log.len().saturating_sub(EVENTS)..];
    writeln!(text, "the last {} events:", tail.len()).expect("a string");
    lines(&mut text, tail.iter().map(String::as_str));
    text
}

/// All that is known of what happened.
pub(super) fn log(attempt: &Attempt) -> String {
    attempt.log.join("\n")
}

fn lines<'a>(text: &mut String, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        let cut: String = line.chars().take(WIDTH).collect();
        let dots = if cut.len() < line.len() { "…" } else { "" };
        writeln!(text, "  {cut}{dots}").expect("a string");
    }
}

/// The command that runs this test again, with that seed and plan alone.
fn replay_command(seed: u64, plan: &Plan) -> String {
    let variables = format!("WIREWORK_SIM_SEED={seed} WIREWORK_SIM_REPLAY='{}'", plan.to_line());
    let exe = env::current_exe().unwrap_or_default();
    match (env::var("CARGO_PKG_NAME"), thread::current().name()) {
        (Ok(package), Some(test)) if test != "main" => {
            let target = cargo_target(&exe, &package);
            let release = if cfg!(debug_assertions) { "" } else { "--release " };
            format!("{variables} cargo test {release}-p {package} {target} -- --exact {test}")
        }
        _ => format!("{variables} {}", exe.display()),
    }
}

/// How cargo is told which binary it is: by its name without the hash.
fn cargo_target(exe: &Path, package: &str) -> String {
    let stem = exe.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.rsplit_once('-').map_or(&*stem, |(name, _)| name);
    if name == package.replace('-', "_") {
        "--lib".to_owned()
    } else {
        format!("--test {name}")
    }
}

/// Best effort: without a file, the report has everything else.
fn write_capture(name: &str, seed: u64, attempt: &Attempt) -> Option<PathBuf> {
    let capture = attempt.capture.as_ref().filter(|capture| capture.packets() > 0)?;
    let name: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let path = env::temp_dir().join(format!("wirework-sim-{name}-{seed}.pcapng"));
    fs::write(&path, capture.bytes()).ok()?;
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn everything_fits_one_screen() {
        let plan: Plan = (0..50)
            .map(|at| format!("{at}s: pause some-host for 1s"))
            .collect::<Vec<_>>()
            .join(";")
            .parse()
            .unwrap();
        let attempt = Attempt {
            failure: Some("a very long message ".repeat(100).replace("very", "very\n")),
            elapsed: Duration::from_secs(7),
            hash: 0,
            reached: [].into(),
            log: vec!["an event ".repeat(100); 1000],
            capture: None,
        };
        let few: Plan = plan.events()[..2].iter().cloned().collect();
        let text = failure("no frame is lost", 17, &plan, &few, &attempt);
        let rows = text.lines().map(|line| line.chars().count().div_ceil(120).max(1));
        assert!(rows.sum::<usize>() <= 45, "{text}");
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= 120 || line.contains("WIREWORK_SIM_REPLAY")),
            "{text}"
        );
        assert!(
            text.contains("seed 17") && text.contains("7s of virtual time"),
            "{text}"
        );
        assert!(
            text.contains("WIREWORK_SIM_REPLAY='0ns: pause some-host for 1s; 1s: pause some-host for 1s' cargo"),
            "{text}"
        );
        assert!(
            text.contains("-p wirework-sim --lib -- --exact sweep::report::tests::everything_fits_one_screen"),
            "{text}"
        );
    }
}
