//! What PowerDNS needs before it starts: its database, with the key and the zone in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::recipe::{Place, block};
use super::server::Plan;
use crate::tools::{tool, workspace};

/// The file with the tables, as distributions place it.
const SCHEMA: &str = "share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

/// Makes the database, and adds to the configuration where this machine has the backend.
pub(super) fn prepare(text: &mut String, plan: Plan, place: &Place<'_>) -> Result<()> {
    make_database(text, place)?;
    run(block("powerdns, once")?, place)?;
    let title = match plan {
        Plan::OneZone => "powerdns, one zone",
        Plan::Catalog => "powerdns, catalog",
    };
    run(block(title)?, place)
}

/// Makes an empty database, and adds to the configuration where this machine has the backend.
pub(crate) fn make_database(text: &mut String, place: &Place<'_>) -> Result<()> {
    if let Some(modules) = unpacked()?.map(|root| modules(&root)).transpose()? {
        text.push_str(&format!("module-dir={}\n", modules.display()));
    }
    let schema = fs::read_to_string(schema()?)?;
    let database = rusqlite::Connection::open(place.folder.join("pdns.sqlite3"))?;
    database.execute_batch(&schema)?;
    drop(database);
    fs::write(place.folder.join("pdns.conf"), &text)?;
    Ok(())
}

/// Runs the lines of a recipe, each a call of `pdnsutil`.
fn run(recipe: &str, place: &Place<'_>) -> Result<()> {
    let lines = place.fill(recipe)?;
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let words = line
            .strip_prefix("pdnsutil ")
            .context("a line of `pdnsutil`")?;
        run_words(words, place.folder)?;
    }
    Ok(())
}

/// Runs `pdnsutil` with words as a shell would read them; `'…'` is one word.
pub(crate) fn run_words(words: &str, folder: &Path) -> Result<String> {
    let pieces = words.split('\'').enumerate();
    let words: Vec<&str> = pieces
        .flat_map(|(number, piece)| match number % 2 {
            0 => piece.split_whitespace().collect(),
            _ => vec![piece],
        })
        .collect();
    let output = Command::new(tool("pdnsutil")?)
        .arg(format!("--config-dir={}", folder.display()))
        .args(&words)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pdnsutil {words:?}: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the set-up unpacked PowerDNS, if it is not the machine's own.
fn unpacked() -> Result<Option<PathBuf>> {
    let program = tool("pdns_server")?;
    let root = workspace().join("target/tools/authorities");
    let is_wrapper = !program.is_symlink() && program.starts_with(workspace().join("target/tools"));
    Ok(is_wrapper.then_some(root))
}

fn modules(root: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(root.join("usr/lib"))? {
        let folder = entry?.path().join("pdns");
        if folder.join("libgsqlite3backend.so").exists() {
            return Ok(folder);
        }
    }
    bail!(
        "{} has no SQLite backend of PowerDNS; run `make setup`",
        root.display()
    )
}

fn schema() -> Result<PathBuf> {
    let roots = unpacked()?.map(|root| root.join("usr"));
    let roots = roots
        .into_iter()
        .chain(["/usr".into(), "/usr/local".into()]);
    let found = roots
        .map(|root: PathBuf| root.join(SCHEMA))
        .find(|file| file.exists());
    found.context("the SQLite backend of PowerDNS has no schema.sqlite3.sql; run `make setup`")
}
