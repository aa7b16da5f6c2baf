//! The keys that have to be there before a zone is signed.

use payname_resolver::{UnixTime, hickory_proto::rr::Name};

use super::StartError;
use crate::{config::Domain, data_dir::DataDir, keys::SharedKeys, store::Store};

/// Brings shared keys into the directory, and makes those that are missing; the zones whose keys are new.
pub(super) async fn prepare_keys(
    domains: &[Domain],
    directory: &DataDir,
    store: &dyn Store,
    shared: Option<&SharedKeys>,
    now: UnixTime,
) -> Result<Vec<Name>, StartError> {
    for domain in domains {
        if let Some(shared) = shared {
            shared
                .prepare(&domain.zone, &domain.keys, now, false)
                .await?;
        }
    }
    let mut new = missing_keys(domains, directory, store).await?;
    if let Some(shared) = shared {
        let mut made = Vec::new();
        for domain in domains.iter().filter(|domain| new.contains(&domain.zone)) {
            // Another server that starts at the same moment may be first.
            if shared
                .prepare(&domain.zone, &domain.keys, now, true)
                .await?
            {
                made.push(domain.zone.clone());
            }
        }
        new = made;
    }
    Ok(new)
}

/// The zones that have no key yet. One that was served before must have it.
async fn missing_keys(
    domains: &[Domain],
    directory: &DataDir,
    store: &dyn Store,
) -> Result<Vec<Name>, StartError> {
    let mut missing = Vec::new();
    for domain in domains
        .iter()
        .filter(|domain| !directory.keys().has(&domain.zone))
    {
        if store.serial(&domain.zone.to_string()).await?.is_some() {
            return Err(StartError::KeyLost(domain.zone.clone()));
        }
        missing.push(domain.zone.clone());
    }
    Ok(missing)
}
