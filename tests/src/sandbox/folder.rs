//! The temporary folder of everything that is started, kept when something goes wrong.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

/// A folder that vanishes when it is dropped, unless it is kept.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// A new folder in the system's place for them.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new() -> Result<Self> {
        Ok(Self(
            tempfile::Builder::new()
                .prefix("payname-sandbox-")
                .tempdir()?,
        ))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Leaves it where it is, with the logs in it.
    pub fn keep(&mut self) {
        self.0.disable_cleanup(true);
    }
}
