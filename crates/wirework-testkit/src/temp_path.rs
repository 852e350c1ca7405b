//! A path for a socket file, that nobody else uses.
//!
//! Checks run side by side, in several processes at once; and a failed one must not leave files behind.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

/// A path in the directory for temporary files. What is there is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct TempPath(PathBuf);

impl TempPath {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Short, for a socket's path has a limit of about 100 bytes.
        let path = env::temp_dir().join(format!("wirework-{}-{number}.sock", process::id()));
        // Left by an earlier process of the same number that was killed.
        fs::remove_file(&path).ok();
        Self(path)
    }
}

impl Deref for TempPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        // Not every check makes the file.
        fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_unique_and_cleans_up() {
        let (first, second) = (TempPath::new(), TempPath::new());
        assert_ne!(*first, *second);
        let path = first.to_path_buf();
        fs::write(&path, "").unwrap();
        drop(first);
        assert!(!path.exists());
    }
}
