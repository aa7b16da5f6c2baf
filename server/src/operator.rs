//! What an operator asks at the command line, beside a server that may be running.

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{Key, KeySet, Settings};

use crate::{
    clock::Clock,
    config::{Config, Domain},
    data_dir::DataDirError,
    keys::{KeyFiles, KeyReport, KeyRequest, ParentWatcher, RequestError},
    outbox::Chain,
    prove::ProverError,
};

/// The DS records that the zones above should have, as master-file lines, read from the keys that a
/// first start has made.
///
/// # Errors
/// The keys of a zone are missing or cannot be read.
pub fn ds_records_on_disk(config: &Config) -> Result<Vec<String>, DataDirError> {
    let mut lines = Vec::new();
    for domain in &config.domains {
        let set = look(config, domain)?;
        let ttl = Settings::new(domain.zone.clone(), []).infrastructure_ttl;
        let asked = set.keys().iter().filter(|key| Key::is_asked_for(key));
        let zone = set.zone();
        let owner = zone.to_ascii();
        lines.extend(asked.map(|key| format!("{owner} {ttl} IN DS {}", key.ds(zone))));
    }
    Ok(lines)
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
pub fn ask_about_keys(
    config: &Config,
    zone: &str,
    request: KeyRequest,
) -> Result<Name, OperatorError> {
    let wanted = zone.trim_end_matches('.').to_ascii_lowercase();
    let mut zones = config.domains.iter().map(|domain| &domain.zone);
    let found = zones.find(|zone| zone.to_ascii().trim_end_matches('.') == wanted);
    let zone = found.ok_or_else(|| OperatorError::NoZone(zone.to_owned()))?;
    request.leave(&KeyFiles::new(&config.data_dir), zone)?;
    Ok(zone.clone())
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
    /// The request cannot be written.
    #[error(transparent)]
    Request(#[from] RequestError),
}
