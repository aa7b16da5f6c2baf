//! `paynamed zone …`: what an operator does about zones, beside a server that may be running.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use payname_server::{
    Clock, Config, PassphraseSource, SignFile, ZoneRequest, ask_server, export_zone,
    import_records, key_reports, raise_serial, records_to_paste, reseal_shared_keys, zone_of_file,
};
use payname_zones::{Denial, Duty, KeyAlgorithm, KeyPolicy, hickory_proto::rr::Name};

use super::{print, print_ds};

#[derive(Subcommand)]
pub(super) enum ZoneCommand {
    /// Print the DS records to put at the registrar
    Ds,
    /// Tell where every key stands, and what is to be done at the registrar
    Keys,
    /// Have a key replaced; the running server does it step by step
    Rollover {
        /// The zone, such as example.com
        zone: String,
        /// Which key, where there are two
        #[arg(long, value_enum, default_value = "zsk", conflicts_with = "algorithm")]
        key: Kind,
        /// Go over to the algorithm that the configuration has now
        #[arg(long)]
        algorithm: bool,
    },
    /// Print the whole signed zone as a master file
    Export {
        /// The zone, such as example.com
        zone: String,
        /// How it proves that a name does not exist
        #[arg(long, value_enum, default_value = "nsec3")]
        denial: Chain,
    },
    /// Print the records of a domain's names, to be pasted where somebody sets them by hand
    Paste {
        /// The domain, such as example.com
        domain: String,
    },
    /// Put a master file in place of the zone's file of records
    Import {
        /// The zone, such as example.com
        zone: String,
        /// The master file
        file: PathBuf,
    },
    /// Have the running server read the zone's file of records again
    Reload {
        /// The zone, such as example.com
        zone: String,
    },
    /// Encrypt all private keys with the passphrase that the configuration has now, or with none
    Passphrase {
        /// A file with the passphrase that they have been encrypted with so far
        #[arg(long, value_name = "FILE")]
        old_file: Option<PathBuf>,
    },
    /// Sign a master file with the keys of its zone
    Sign(SignCommand),
    /// Have the zone's serial number raised, after a restore from a backup that is older than what
    /// secondaries have
    Serial {
        /// The zone, such as example.com
        zone: String,
        /// What it is not to be below, such as the serial that the secondaries have
        #[arg(long, value_name = "SERIAL")]
        at_least: u32,
    },
    /// Believe the machine's clock although it is behind a time that has surely come, or far ahead of it
    TrustClock {
        /// The zone
        zone: String,
    },
    /// Ask the parent to take all DS records away: nobody can prove the zone's names from then on
    DangerForget {
        /// The zone
        zone: String,
    },
    /// Take the request to be forgotten back
    Keep {
        /// The zone
        zone: String,
    },
}

/// A kind of key.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// What the registrar's DS record names
    Ksk,
    /// What signs the zone
    Zsk,
}

/// A chain of denials that a file can hold.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Chain {
    /// The names in order
    Nsec,
    /// Their hashes in order
    Nsec3,
}

#[derive(Args)]
pub(super) struct SignCommand {
    /// The master file: a whole zone, with SOA and NS records
    file: PathBuf,
    /// The zone, such as example.com, where the file does not tell
    #[arg(long)]
    zone: Option<String>,
    /// The directory with its keys, if not the data directory of --config
    #[arg(long, value_name = "DIRECTORY")]
    keys: Option<PathBuf>,
    /// A file with the passphrase of the keys, where they are encrypted
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Make keys where the zone has none
    #[arg(long)]
    make_keys: bool,
    /// The algorithm of keys that are made: 13, 14 or 15
    #[arg(long, default_value_t = 13, requires = "make_keys")]
    algorithm: u8,
    /// How the zone proves that a name does not exist
    #[arg(long, value_enum, default_value = "nsec3")]
    denial: Chain,
    /// How long signatures last, in days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Where the signed zone goes; standard output without it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ZoneCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let (zone, request) = match self {
            Self::Ds => return print_ds(config),
            Self::Keys => {
                let reports = key_reports(config).await?;
                let reports: Vec<String> = reports.iter().map(ToString::to_string).collect();
                print(reports.iter().map(|report| report.trim_end()));
                return Ok(());
            }
            Self::Export { zone, denial } => {
                let text = export_zone(config, &zone, denial.into(), &Clock::system()).await?;
                print([text.trim_end()]);
                return Ok(());
            }
            Self::Paste { domain } => {
                let lines = records_to_paste(config, &domain).await?;
                print(lines.iter().map(String::as_str));
                return Ok(());
            }
            Self::Sign(command) => return command.run(Some(config)),
            Self::Passphrase { old_file } => {
                let old = old_file.map(PassphraseSource::File);
                let changed = reseal_shared_keys(config, old.as_ref()).await?;
                eprintln!("{changed} private keys are written anew; restart the server");
                return Ok(());
            }
            Self::Import { zone, file } => {
                let zone = import_records(config, &zone, &file)?;
                told(&zone);
                return Ok(());
            }
            Self::Serial { zone, at_least } => {
                told(&raise_serial(config, &zone, at_least).await?);
                return Ok(());
            }
            Self::Rollover {
                zone,
                key,
                algorithm,
            } => {
                let request = match key {
                    _ if algorithm => ZoneRequest::RollAlgorithm,
                    Kind::Ksk => ZoneRequest::Roll(Duty::Entry),
                    Kind::Zsk => ZoneRequest::Roll(Duty::Zone),
                };
                (zone, request)
            }
            Self::Reload { zone } => (zone, ZoneRequest::Reload),
            Self::TrustClock { zone } => (zone, ZoneRequest::TrustClock),
            Self::DangerForget { zone } => (zone, ZoneRequest::DangerForget),
            Self::Keep { zone } => (zone, ZoneRequest::Keep),
        };
        told(&ask_server(config, &zone, request)?);
        Ok(())
    }
}

impl SignCommand {
    /// Needs no configuration, but keys.
    pub(super) fn run(self, config: Option<&Config>) -> anyhow::Result<()> {
        let zone = match &self.zone {
            Some(zone) => {
                let mut zone = Name::from_ascii(zone)
                    .with_context(|| format!("`{}` is no zone", zone.escape_debug()))?;
                zone.set_fqdn(true);
                zone.to_lowercase()
            }
            None => zone_of_file(&self.file)?,
        };
        let keys = self.keys.as_deref();
        let keys = keys.or(config.map(|config| config.data_dir.as_path()));
        let keys = keys.context("no keys; name their directory with --keys, or the configuration of their server with --config")?;
        let passphrase = self.passphrase_file.clone().map(PassphraseSource::File);
        let configured = config.and_then(|config| config.keys_passphrase.clone());
        let mut domains = config.into_iter().flat_map(|config| &config.domains);
        let policy = domains
            .find(|domain| domain.zone == zone)
            .map(|domain| domain.keys.clone());
        let policy = match policy {
            Some(policy) => policy,
            None => KeyPolicy {
                algorithm: KeyAlgorithm::try_from(self.algorithm)?,
                ..KeyPolicy::default()
            },
        };
        let sign = SignFile {
            file: self.file.clone(),
            zone,
            keys: keys.to_owned(),
            passphrase: passphrase.or(configured),
            policy,
            make_keys: self.make_keys,
            denial: self.denial.into(),
            days: self.days,
        };
        let signed = sign.sign(Clock::system().now())?;
        match &self.output {
            None => print([signed.trim_end()]),
            Some(path) => write(path, &signed)?,
        }
        Ok(())
    }
}

impl From<Chain> for Denial {
    fn from(chain: Chain) -> Self {
        match chain {
            Chain::Nsec => Self::Nsec,
            Chain::Nsec3 => Self::Nsec3,
        }
    }
}

/// Whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut unfinished = path.to_owned().into_os_string();
    unfinished.push(".new");
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn told(zone: &Name) {
    eprintln!("{zone}: asked; a running server follows within a minute and says so in its log");
}
