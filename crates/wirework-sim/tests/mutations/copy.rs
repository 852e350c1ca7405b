//! The copy of the tree that bugs are planted in.
//!
//! It stays from run to run, and what has not changed is not written again: so only what depends on a bug is built anew.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::list::Mutation;

/// What a search depends on, beside the bug itself.
const SOURCES: [&str; 4] = [
    "crates/wirework-codec/src",
    "crates/wirework/src",
    "crates/wirework-sim/src",
    "crates/wirework-sim/tests/properties",
];

/// The copy, somewhere in the target directory.
pub(crate) struct Copy {
    tree: PathBuf,
    home: PathBuf,
    hash: u64,
}

impl Copy {
    /// Makes it, or brings it up to date.
    pub(crate) fn of(root: &Path) -> io::Result<Self> {
        let home = root.join("target/mutations");
        let copy = Self {
            tree: home.join("tree"),
            hash: hash(root)?,
            home,
        };
        mirror(root, &copy.tree)?;
        fs::create_dir_all(copy.home.join("found"))?;
        Ok(copy)
    }

    /// The file that keeps what was found.
    pub(crate) fn memory(&self, name: &str) -> PathBuf {
        let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        self.home.join("found").join(name)
    }

    /// A number that changes with all that what was found depends on.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn path(&self) -> &Path {
        &self.tree
    }

    /// Plants a bug until the value is dropped.
    pub(crate) fn plant(&self, bug: &Mutation) -> io::Result<Planted> {
        let file = self.tree.join(bug.file);
        let original = fs::read_to_string(&file)?;
        fs::write(&file, original.replacen(bug.from, bug.to, 1))?;
        Ok(Planted { file, original })
    }

    /// Builds the properties, and gives the path of their binary.
    pub(crate) fn build(&self) -> Result<PathBuf, String> {
        // The one that runs this test; it may be a wrapper.
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
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", self.home.join("build"))
            // Nobody reads a backtrace of a planted bug.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&build.stderr);
        if !build.status.success() {
            return Err(text.into_owned());
        }
        let line = text.lines().rev().find(|line| line.contains("Executable"));
        let path = line
            .and_then(|line| line.rsplit_once('('))
            .expect("cargo names what it built");
        Ok(self.tree.join(path.1.trim_end_matches(')')))
    }
}

/// A planted bug.
pub(crate) struct Planted {
    file: PathBuf,
    original: String,
}

impl Drop for Planted {
    fn drop(&mut self) {
        // What fails here is written again when the copy is next brought up to date.
        drop(fs::write(&self.file, &self.original));
    }
}

/// Makes `to` the same as `from`, but for what was built and what is hidden.
fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            mirror(&entry.path(), &target)?;
        } else {
            let bytes = fs::read(entry.path())?;
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::write(target, bytes)?;
            }
        }
        names.insert(name);
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if names.contains(&entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn hash(root: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        hash_files(&root.join(source), &mut hasher)?;
    }
    Ok(hasher.finish())
}

fn hash_files(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if path.is_file() {
        path.file_name().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let entries: io::Result<BTreeSet<PathBuf>> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect();
    entries?.iter().try_for_each(|entry| hash_files(entry, hasher))
}
