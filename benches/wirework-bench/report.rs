//! Presents the results of a comparison: as tables, as a page with charts, and as a file to compute with.

mod chart;
mod html;
pub(crate) mod results;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::results::Results;
pub(crate) use self::table::{markdown, ratio};

/// The arguments of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory that `compare --out` has written to.
    dir: PathBuf,
}

/// Reads results and presents them again.
pub(crate) fn run(args: &Args) -> Result<()> {
    let path = args.dir.join("results.json");
    let json = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let results = serde_json::from_str(&json).with_context(|| format!("cannot understand {}", path.display()))?;
    print!("{}", markdown(&results));
    write(&results, &args.dir)
}

/// Writes `results.json` and `report.html`.
pub(crate) fn write(results: &Results, dir: &Path) -> Result<()> {
    let put = |name: &str, content: String| {
        let path = dir.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
    };
    put("results.json", serde_json::to_string_pretty(results)? + "\n")?;
    put("report.html", html::page(results)?)
}
