//! `payname man`: the manual pages, made of what `--help` knows.

use std::{fs, io, path::PathBuf};

use clap::CommandFactory;
use serde_json::json;

use crate::{
    args::Args,
    context::Context,
    failure::Failure,
    report::{Report, fields},
};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write a page for every command into this folder, such as ~/.local/share/man/man1
    pub folder: PathBuf,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn run(self, _context: &Context) -> Result<Report, Failure> {
        let pages = self.write().map_err(|error| {
            let message = format!("cannot write to `{}`: {error}", self.folder.display());
            Failure::usage("unwritable_file", message)
        })?;
        let text = format!(
            "{} pages; see `man payname` and `man payname-pay`",
            pages.len()
        );
        Ok(Report::new(text, fields(json!({ "pages": pages }))))
    }

    /// Writes all of them; the names of their files, in order.
    fn write(&self) -> io::Result<Vec<String>> {
        fs::create_dir_all(&self.folder)?;
        clap_mangen::generate_to(Args::command(), &self.folder)?;
        let mut pages = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("payname") && name.ends_with(".1") {
                pages.push(name);
            }
        }
        pages.sort();
        Ok(pages)
    }
}
