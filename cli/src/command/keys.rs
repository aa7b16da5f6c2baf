//! `payname keys`: the key that owns names at registration servers.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    context::{Context, flag},
    failure::Failure,
    keys::{self, OwnerKey},
    report::{Report, fields},
};

/// What can be done with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Make a key and write it to a new file that only you can read
    New(New),
    /// Show the public key, by which servers know you
    Show(Show),
}

/// Arguments of `keys new`.
#[derive(Debug, clap::Args)]
pub struct New {
    /// The file to write [default: keys/owner.key in the data folder]
    #[arg(long, env = "PAYNAME_OUT", value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `keys show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The key file [default: keys/owner.key in the data folder]
    #[arg(long, env = "PAYNAME_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Show the secret key too; whoever sees it owns your names
    #[arg(long, env = "PAYNAME_SECRET", value_parser = flag())]
    pub secret: bool,
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        match self {
            Self::New(new) => new.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

impl New {
    fn run(self, context: &Context) -> Result<Report, Failure> {
        let path = match self.out {
            Some(path) => path,
            None => keys::default_path(context)?,
        };
        let key = OwnerKey::generate()?;
        key.write_new(&path)?;
        let text = format!(
            "public key  {}\nnpub        {}\nwritten to  {}\nKeep a copy: whoever has this file owns the names, and nobody can replace it.",
            key.public_hex(),
            key.npub(),
            path.display()
        );
        let fields = fields(json!({
            "public_key": key.public_hex(),
            "npub": key.npub(),
            "file": path.display().to_string(),
        }));
        Ok(Report::new(text, fields))
    }
}

impl Show {
    fn run(self, context: &Context) -> Result<Report, Failure> {
        let key = keys::load(context, self.key.as_deref())?;
        let mut text = format!(
            "public key  {}\nnpub        {}",
            key.public_hex(),
            key.npub()
        );
        let mut fields = fields(json!({ "public_key": key.public_hex(), "npub": key.npub() }));
        if self.secret {
            text.push_str(&format!("\nnsec        {}", key.nsec()));
            fields.insert("nsec".to_owned(), key.nsec().into());
        }
        Ok(Report::new(text, fields))
    }
}
