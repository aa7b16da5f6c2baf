//! A zone written for others, beside a server that may be running.

use std::sync::Arc;

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{Denial, DsRequest, NameServer, Zone, ZoneError};

use crate::{
    clock::Clock,
    config::{Config, Domain},
    data_dir::DataDirError,
    keys::KeyFiles,
    operator::{OperatorError, domain_of},
    publisher::{PublishError, SERIAL_STEP, registered, settings, signals},
    records::{self, RecordsError},
    server::{StartError, open_store},
    store::{Store, StoreError},
};

/// The whole signed zone as a master file, made of what registry, keys and files hold now.
///
/// It is signed again: a zone whose denials are made when somebody asks has no chain that could be
/// written, so it gets one of the kind asked for. Its serial is the time, which is not below that
/// of the zone that is served, unless changes come faster than one a second.
///
/// # Errors
/// There is no such zone, or what it is made of cannot be read.
pub async fn export_zone(
    config: &Config,
    zone: &str,
    denial: Denial,
    clock: &Clock,
) -> Result<String, ExportError> {
    let domain = domain_of(config, zone)?;
    let store = open_store(config).await?;
    let zone = assemble(config, domain, store, denial, clock).await?;
    Ok(zone.master_file().to_string())
}

async fn assemble(
    config: &Config,
    domain: &Domain,
    store: Arc<dyn Store>,
    denial: Denial,
    clock: &Clock,
) -> Result<Zone, ExportError> {
    let now = clock.now();
    let passphrase = config.passphrase().map_err(StartError::from)?;
    let files = KeyFiles::new(&config.data_dir).sealed_by(passphrase);
    let keys = files.load(&domain.zone, domain.keys.clone(), now)?;
    let keys = keys
        .set
        .zone_keys(&keys.private)
        .map_err(StartError::from)?;
    let mut settings = settings(domain);
    settings.denial = denial;
    let ceiling = store.serial(&domain.zone.to_string()).await?;
    // What is served lies below the ceiling by this much at the most.
    let last = ceiling.map(|ceiling| ceiling.wrapping_sub(SERIAL_STEP));
    let last = last.unwrap_or((now.0 as u32).wrapping_sub(1));
    let mut zone = Zone::new_after(settings, keys, last, now)?;
    let names = registered(store.as_ref(), domain).await?;
    zone.publish_all(names.iter().map(|record| (record, domain.ttl)), now)?;
    if let Some(path) = &domain.records {
        let nothing = payname_zones::ZoneFile::empty(&domain.zone);
        records::take(path, &mut zone, &nothing, &records::read(domain)?, now)?;
    }
    let zones: Vec<&Name> = config.domains.iter().map(|domain| &domain.zone).collect();
    for child in &config.domains {
        let is_above = |other: &&&Name| **other != &child.zone && other.zone_of(&child.zone);
        let mut above: Vec<&&Name> = zones.iter().filter(is_above).collect();
        above.sort_by_key(|zone| zone.num_labels());
        if above.last().is_some_and(|above| ***above == domain.zone) {
            delegate(&mut zone, child, &files, now)?;
        }
    }
    let domains: Vec<&Domain> = config.domains.iter().collect();
    let request = |child: &Name| {
        let mut domains = config.domains.iter();
        let child = domains.find(|domain| domain.zone == *child);
        let set = child.map(|child| files.look(&child.zone, child.keys.clone()));
        let set = set.and_then(Result::ok);
        set.map_or(DsRequest::None, |set| set.request())
    };
    zone.set_signals(&signals(&domain.zone, &domains, request), now)?;
    Ok(zone)
}

/// Has a zone delegate another one that is served here too.
fn delegate(
    zone: &mut Zone,
    child: &Domain,
    files: &KeyFiles,
    now: payname_resolver::UnixTime,
) -> Result<(), ExportError> {
    let set = files.look(&child.zone, child.keys.clone())?;
    let asked = set.keys().iter().filter(|key| key.is_asked_for());
    let ds: Vec<_> = asked.map(|key| key.ds(&child.zone)).collect();
    let servers: Vec<NameServer> = settings(child).name_servers;
    let ttl = zone.settings().infrastructure_ttl;
    zone.delegate(&child.zone, &servers, &ds, ttl, now)?;
    Ok(())
}

/// Why a zone is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// No such zone.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The registry cannot be opened, or a key is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The keys cannot be read.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// The registry cannot be read.
    #[error("the registry cannot be read")]
    Store(#[from] StoreError),
    /// A registered name makes no record.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The file of further records is refused.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The zone cannot be made.
    #[error("the zone cannot be made")]
    Zone(#[from] ZoneError),
}
