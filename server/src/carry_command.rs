//! `paynamed export` and `paynamed import`: the registry as lines of JSON.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use payname_server::{Clock, Config, export_registry, import_registry};

#[derive(Args)]
pub(super) struct ExportCommand {
    /// Where the lines go; standard output without it
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ImportCommand {
    /// What `paynamed export` wrote; `-` is standard input
    file: PathBuf,
}

impl ExportCommand {
    /// A file appears whole or not at all, and is never replaced.
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let now = Clock::system().now();
        let Some(path) = &self.file else {
            let mut out = BufWriter::new(io::stdout());
            let rows = export_registry(config, now, &mut out).await?;
            eprintln!("exported {rows} rows");
            return Ok(());
        };
        let mut unfinished = path.clone().into_os_string();
        unfinished.push(".new");
        let unfinished = Path::new(&unfinished);
        let written = export_to(config, unfinished).await;
        let linked = match &written {
            // A link, other than a rename, replaces nothing.
            Ok(_) => fs::hard_link(unfinished, path),
            Err(_) => Ok(()),
        };
        // Its content is in place under the other name, or of no use.
        let _ = fs::remove_file(unfinished);
        let rows = written?;
        linked.with_context(|| format!("{} cannot be written", path.display()))?;
        eprintln!("exported {rows} rows to {}", path.display());
        Ok(())
    }
}

async fn export_to(config: &Config, path: &Path) -> anyhow::Result<u64> {
    let unwritten = || format!("{} cannot be written", path.display());
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(path).with_context(unwritten)?;
    let mut out = BufWriter::new(file);
    let rows = export_registry(config, Clock::system().now(), &mut out).await?;
    out.flush().with_context(unwritten)?;
    out.get_ref().sync_all().with_context(unwritten)?;
    Ok(rows)
}

impl ImportCommand {
    /// All or nothing.
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let rows = if self.file == Path::new("-") {
            import_registry(config, &mut BufReader::new(io::stdin())).await?
        } else {
            let file = File::open(&self.file);
            let file = file.with_context(|| format!("{} cannot be read", self.file.display()))?;
            import_registry(config, &mut BufReader::new(file)).await?
        };
        eprintln!("imported {rows} rows; now start the server");
        Ok(())
    }
}
