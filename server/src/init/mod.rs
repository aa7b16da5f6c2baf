//! `paynamed init`: from a handful of answers to a configuration, keys and what to tell the registrar.
//!
//! The configuration is the example that documents every key, with the answers put in; so it says
//! as much as the example, and cannot differ from it.

mod template;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use payname_resolver::UnixTime;
use ring::rand::SystemRandom;

use crate::{
    config::{Config, ConfigError},
    data_dir::{DataDir, DataDirError, registry},
    delegation::Delegation,
    keys::PassphraseError,
    store::{OpenError, Sqlite},
};

pub use self::template::TemplateError;

/// What a new server is to be, in the words of its configuration.
#[derive(Debug, Clone)]
pub struct Init {
    /// The configuration file to be written.
    pub file: PathBuf,
    /// The domain names are given under.
    pub domain: String,
    /// The zone; none delegates `_bitcoin-payment` of the domain and nothing else.
    pub zone: Option<String>,
    /// The names of its nameservers.
    pub nameservers: Vec<String>,
    /// The public addresses of those that lie in the domain.
    pub addresses: Vec<String>,
    /// The URL by which clients will know the server.
    pub public_url: String,
    /// Where the nameserver listens.
    pub dns_listen: Vec<String>,
    /// Where HTTP listens.
    pub http_listen: String,
    /// What offers and addresses must be for.
    pub network: String,
    /// Where keys and registry are kept.
    pub data_dir: PathBuf,
    /// The file with the URL of a PostgreSQL database; none keeps the registry in the data directory.
    pub database_url_file: Option<PathBuf>,
    /// `single` or `split`.
    pub keys: String,
    /// A file with the passphrase that the private keys are encrypted with.
    pub keys_passphrase_file: Option<PathBuf>,
    /// The recursive resolver that names are proven through.
    pub resolver: Option<String>,
    /// The trust anchors to start from, if not IANA's.
    pub anchors: Option<PathBuf>,
}

impl Init {
    /// Writes the configuration and makes data directory, registry and keys; what to enter at the
    /// parent comes back.
    ///
    /// # Errors
    /// [`InitError`]; what exists is never overwritten, and the configuration appears last.
    pub fn run(&self, now: UnixTime) -> Result<Delegation, InitError> {
        let text = self.text()?;
        let config = Config::parse(&text, &self.file)?;
        let [domain] = config.domains.as_slice() else {
            return Err(InitError::Domains(config.domains.len()));
        };
        self.refuse_what_exists(&config)?;
        let unfinished = self.write_beside(&text)?;
        let made = make_keys(&config, now).and_then(|files| {
            let delegation = Delegation::on_disk(domain, &files)?;
            // A link, other than a rename, replaces nothing.
            fs::hard_link(&unfinished, &self.file).map_err(|source| self.unwritten(source))?;
            Ok(delegation)
        });
        // Its content is in place under the other name, or of no use.
        let _ = fs::remove_file(&unfinished);
        made
    }

    /// The whole text of the configuration.
    fn text(&self) -> Result<String, InitError> {
        let mut text = template::Template::example();
        let zone = self.zone.clone();
        let zone = zone.unwrap_or_else(|| format!("_bitcoin-payment.{}", self.domain));
        text.set("", "public_url", self.public_url.as_str())?;
        text.set("", "data_dir", path_text(&self.data_dir)?)?;
        text.set("", "network", self.network.as_str())?;
        if let Some(file) = &self.keys_passphrase_file {
            text.set("", "keys_passphrase_file", path_text(file)?)?;
        }
        text.set("[http]", "listen", self.http_listen.as_str())?;
        text.set("[dns]", "listen", self.dns_listen.clone())?;
        text.set("[[domain]]", "name", self.domain.as_str())?;
        text.set("[[domain]]", "zone", zone)?;
        text.set("[[domain]]", "nameservers", self.nameservers.clone())?;
        text.set("[[domain]]", "addresses", self.addresses.clone())?;
        text.set("[[domain]]", "keys", self.keys.as_str())?;
        if let Some(file) = &self.database_url_file {
            text.set("[database]", "url_file", path_text(file)?)?;
        }
        if let Some(resolver) = &self.resolver {
            text.set("[prove]", "dns", resolver.as_str())?;
        }
        if let Some(anchors) = &self.anchors {
            text.set("[prove]", "anchors", path_text(anchors)?)?;
        }
        Ok(text.into_string())
    }

    fn refuse_what_exists(&self, config: &Config) -> Result<(), InitError> {
        if self.file.exists() {
            return Err(InitError::Exists(self.file.clone()));
        }
        let mut entries = match fs::read_dir(&config.data_dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(InitError::Unreadable {
                    path: config.data_dir.clone(),
                    source,
                });
            }
        };
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(InitError::Exists(config.data_dir.clone())),
        }
    }

    /// Writes the text where only a rename is missing.
    fn write_beside(&self, text: &str) -> Result<PathBuf, InitError> {
        let mut unfinished = self.file.clone().into_os_string();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file: File = options
                .write(true)
                .create(true)
                .truncate(true)
                .open(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| self.unwritten(source))?;
        Ok(unfinished)
    }

    fn unwritten(&self, source: io::Error) -> InitError {
        InitError::Unwritten {
            path: self.file.clone(),
            source,
        }
    }
}

/// The data directory, its registry, and the keys of every zone.
fn make_keys(config: &Config, now: UnixTime) -> Result<crate::keys::KeyFiles, InitError> {
    let passphrase = config.passphrase()?;
    let directory = DataDir::open(&config.data_dir)?;
    if config.database.is_none() {
        // A server refuses to start with keys and without their registry.
        Sqlite::open(&registry(&config.data_dir))?;
    }
    let files = directory.keys().sealed_by(passphrase);
    for domain in &config.domains {
        files.make(&domain.zone, domain.keys.clone(), now, &SystemRandom::new())?;
    }
    Ok(files)
}

/// A path as a configuration can hold it, independent of where the file is.
fn path_text(path: &Path) -> Result<String, InitError> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = whole.to_str().map(str::to_owned);
    text.ok_or_else(|| InitError::NotText(path.to_owned()))
}

/// Why nothing was set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The answers make no configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something is there already.
    #[error("{} exists already, and nothing is overwritten; move it away, or name another with --config and --data-dir", .0.display())]
    Exists(PathBuf),
    /// The data directory cannot be looked into.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration cannot be written.
    #[error("{} cannot be written; does its directory exist, and may you write there?", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A path that no TOML string can hold.
    #[error("the path {} is not UTF-8, which a configuration cannot hold", .0.display())]
    NotText(PathBuf),
    /// The template lacks a key.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template has not one domain.
    #[error("the template of the configuration has {0} domains instead of one")]
    Domains(usize),
    /// The passphrase of the keys cannot be had.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The data directory or a key cannot be made.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// The registry cannot be made.
    #[error("the registry cannot be made")]
    Registry(#[from] OpenError),
}
