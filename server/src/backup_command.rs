//! `paynamed backup` and `paynamed restore`: their passphrase is asked for, or comes from a file or a
//! program, and is never an argument.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use payname_server::{Clock, Config, Passphrase, PassphraseSource, back_up, restore};

#[derive(Args)]
pub(super) struct BackupCommand {
    /// The file to be written
    file: PathBuf,
    #[command(flatten)]
    passphrase: From,
}

#[derive(Args)]
pub(super) struct RestoreCommand {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    passphrase: From,
}

/// Where the passphrase of the backup comes from.
#[derive(Args)]
#[group(multiple = false)]
struct From {
    /// A file with the passphrase, which nobody else can read
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A program that prints the passphrase, with its arguments, such as "pass show payname-backup"
    #[arg(long, value_name = "COMMAND")]
    passphrase_command: Option<String>,
}

impl BackupCommand {
    pub(super) async fn run(self, file: &Path, config: &Config) -> anyhow::Result<()> {
        let passphrase = self.passphrase.fetch(true)?;
        let now = Clock::system().now();
        back_up(file, config, &passphrase, &self.file, now).await?;
        eprintln!("wrote {}", self.file.display());
        Ok(())
    }
}

impl RestoreCommand {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<()> {
        let passphrase = self.passphrase.fetch(false)?;
        let now = Clock::system().now();
        let restored = restore(&self.file, &passphrase, config, now).await?;
        eprintln!(
            "restored {} zones and {} rows, as they were at {} (paynamed {})",
            restored.zones.len(),
            restored.rows,
            restored.made_at,
            restored.made_by,
        );
        if restored.wrote_configuration {
            eprintln!(
                "wrote {}; files that it names elsewhere are not in the backup",
                config.display()
            );
        }
        eprintln!(
            "next:  paynamed --config {0} && paynamed --config {0} doctor",
            config.display()
        );
        Ok(())
    }
}

impl From {
    fn fetch(self, is_new: bool) -> anyhow::Result<Passphrase> {
        let source = match (self.passphrase_file, self.passphrase_command) {
            (Some(file), _) => PassphraseSource::File(file),
            (None, Some(command)) => {
                let words = command.split_whitespace().map(str::to_owned);
                PassphraseSource::Command(words.collect())
            }
            (None, None) => return ask(is_new),
        };
        Ok(source.fetch()?)
    }
}

fn ask(is_new: bool) -> anyhow::Result<Passphrase> {
    if !io::stdin().is_terminal() {
        bail!(
            "nobody can be asked for the passphrase here (no terminal); give --passphrase-file or --passphrase-command"
        );
    }
    let read = |prompt: &str| rpassword::prompt_password(prompt).context("no passphrase was read");
    let passphrase = read("Passphrase of the backup: ")?;
    if is_new && read("The same again: ")? != passphrase {
        bail!("these were two different ones; nothing was written");
    }
    Passphrase::typed(passphrase).context("an empty passphrase protects nothing")
}
