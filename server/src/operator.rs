//! What an operator asks at the command line, beside a server that may be running.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use payname_resolver::{Handle, hickory_proto::rr::Name};
use payname_zones::KeySet;

use crate::{
    clock::Clock,
    config::{Config, Domain},
    data_dir::DataDirError,
    delegation::Delegation,
    keys::{KeyFiles, KeyReport, ParentWatcher, RequestError, ZoneRequest},
    outbox::Chain,
    prove::ProverError,
    publisher::serial_ceiling,
    records::{self, RecordsError},
    server::{StartError, open_store},
    store::{Store, StoreError},
};

/// The DS records that the zones above should have, as master-file lines, read from the keys that a
/// first start has made.
///
/// # Errors
/// The keys of a zone are missing or cannot be read.
pub fn ds_records_on_disk(config: &Config) -> Result<Vec<String>, DataDirError> {
    let all = delegations_on_disk(config)?;
    Ok(all.iter().flat_map(Delegation::ds_lines).collect())
}

/// All that the zones above should have, from the keys in the data directory.
///
/// # Errors
/// The keys of a zone are missing or cannot be read.
pub fn delegations_on_disk(config: &Config) -> Result<Vec<Delegation>, DataDirError> {
    let files = KeyFiles::new(&config.data_dir);
    let domains = config.domains.iter();
    domains
        .map(|domain| Delegation::on_disk(domain, &files))
        .collect()
}

/// What stands about the keys of the zones, and what the zones above say, if there is somebody to
/// ask.
///
/// # Errors
/// The keys of a zone cannot be read, or nobody can be asked.
pub async fn key_reports(config: &Config) -> Result<Vec<KeyReport>, OperatorError> {
    let watcher = config.prove.as_ref().map(ParentWatcher::through);
    let watcher = watcher.transpose().map_err(ProverError::from)?;
    let mut reports = Vec::new();
    for domain in &config.domains {
        let set = look(config, domain)?;
        let parent = match &watcher {
            None => None,
            Some(watcher) => {
                let view = watcher.look(&domain.zone, Clock::system().now()).await;
                Some(view.map_err(|error| Chain(&error).to_string()))
            }
        };
        reports.push(KeyReport { set, parent });
    }
    Ok(reports)
}

/// Asks the server that runs with this configuration, now or when it is next started.
///
/// # Errors
/// There is no such zone, or the request cannot be written.
pub fn ask_server(
    config: &Config,
    zone: &str,
    request: ZoneRequest,
) -> Result<Name, OperatorError> {
    let domain = domain_of(config, zone)?;
    if request == ZoneRequest::Reload {
        let path = domain.records.as_ref();
        let path = path.ok_or_else(|| OperatorError::NoRecords(domain.zone.to_ascii()))?;
        records::check(config, domain, path)?;
    }
    request.leave(&KeyFiles::new(&config.data_dir), &domain.zone)?;
    Ok(domain.zone.clone())
}

/// Puts a master file in place of the file of records of a zone, after a look at it, and has the
/// server take it.
///
/// # Errors
/// The file is refused, or the configuration names none for the zone.
pub fn import_records(config: &Config, zone: &str, file: &Path) -> Result<Name, OperatorError> {
    let domain = domain_of(config, zone)?;
    let to = domain.records.as_ref();
    let to = to.ok_or_else(|| OperatorError::NoRecords(domain.zone.to_ascii()))?;
    records::check(config, domain, file)?;
    let text = records::read_text(file)?;
    let mut unfinished = to.clone().into_os_string();
    unfinished.push(".new");
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, to))
        .map_err(|source| OperatorError::Unwritten {
            path: to.clone(),
            source,
        })?;
    ask_server(config, zone, ZoneRequest::Reload)
}

/// Has a zone's serial number raised to at least this one, by the server that runs with this
/// configuration, now or when it is next started.
///
/// # Errors
/// There is no such zone, or the registry cannot be used.
pub async fn raise_serial(config: &Config, zone: &str, least: u32) -> Result<Name, OperatorError> {
    let domain = domain_of(config, zone)?;
    let store = open_store(config).await.map_err(Box::new)?;
    store
        .keep_serial(&domain.zone.to_string(), serial_ceiling(least))
        .await?;
    Ok(domain.zone.clone())
}

/// Whether the operator has written a record of their own at a name, which nobody can then be given.
///
/// # Errors
/// The file of records cannot be read.
pub fn is_filed(domain: &Domain, handle: &Handle) -> Result<bool, RecordsError> {
    let file = records::read(domain)?;
    let filed = records::handles(&file, domain);
    Ok(filed.iter().any(|(filed, _)| filed == handle))
}

/// The registry, beside a server that may be running.
///
/// # Errors
/// It cannot be used.
pub async fn open_registry(config: &Config) -> Result<Arc<dyn Store>, OperatorError> {
    Ok(open_store(config).await.map_err(Box::new)?)
}

/// The domain whose zone has this name.
pub(crate) fn domain_of<'a>(config: &'a Config, zone: &str) -> Result<&'a Domain, OperatorError> {
    let wanted = zone.trim_end_matches('.').to_ascii_lowercase();
    let mut domains = config.domains.iter();
    let found = domains.find(|domain| domain.zone.to_ascii().trim_end_matches('.') == wanted);
    found.ok_or_else(|| OperatorError::NoZone(zone.to_owned()))
}

fn look(config: &Config, domain: &Domain) -> Result<KeySet, DataDirError> {
    KeyFiles::new(&config.data_dir).look(&domain.zone, domain.keys.clone())
}

/// Why an operator's question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The keys cannot be read.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// Nobody can be asked about the zones above.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// No such zone is configured.
    #[error("no zone `{}` is in the configuration", .0.escape_debug())]
    NoZone(String),
    /// The configuration names no file of records for the zone.
    #[error(
        "{0} has no file of records; write `records = \"FILE\"` into its [[domain]] and restart"
    )]
    NoRecords(String),
    /// The file of records is refused.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The file of records cannot be replaced.
    #[error("{} cannot be written", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The request cannot be written.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The registry cannot be opened.
    #[error("the registry cannot be used")]
    Open(#[from] Box<StartError>),
    /// The registry fails.
    #[error("the registry fails")]
    Store(#[from] StoreError),
}
