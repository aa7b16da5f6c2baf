//! Where the server keeps everything: opened, or refused with the reason.

use std::{path::Path, sync::Arc};

use super::StartError;
use crate::{
    config::{Config, Domain},
    data_dir::{registry, signed_zones},
    keys::KeyFiles,
    store::{Postgres, Sqlite, SqliteZones, Store, ZoneStore, postgres::Database},
};

/// Where everything is kept.
pub(super) struct Stores {
    pub(super) store: Arc<dyn Store>,
    pub(super) sets: Arc<dyn ZoneStore>,
    /// Where other servers keep it too.
    pub(super) shared: Option<Arc<Postgres>>,
}

/// The registry and the signed zones, in the data directory or where the configuration says.
pub(super) async fn open_stores(config: &Config) -> Result<Stores, StartError> {
    if let Some(database) = &config.database {
        let store = open_postgres(config, database).await?;
        return Ok(Stores {
            store: store.clone(),
            sets: store.clone(),
            shared: Some(store),
        });
    }
    let store = open_sqlite(config)?;
    let path = signed_zones(&config.data_dir);
    match SqliteZones::open(&path) {
        Ok(sets) => Ok(Stores {
            store,
            sets: Arc::new(sets),
            shared: None,
        }),
        Err(source) => Err(StartError::OpenZones { path, source }),
    }
}

/// The registry alone.
pub(crate) async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    Ok(match &config.database {
        Some(database) => open_postgres(config, database).await?,
        None => open_sqlite(config)?,
    })
}

async fn open_postgres(config: &Config, database: &Database) -> Result<Arc<Postgres>, StartError> {
    let other = registry(&config.data_dir);
    if other.exists() {
        return Err(StartError::TwoRegistries(other));
    }
    Ok(Arc::new(Postgres::open(database).await?))
}

fn open_sqlite(config: &Config) -> Result<Arc<Sqlite>, StartError> {
    let path = registry(&config.data_dir);
    check_registry(&config.domains, &KeyFiles::new(&config.data_dir), &path)?;
    match Sqlite::open(&path) {
        Ok(store) => Ok(Arc::new(store)),
        Err(source) => Err(StartError::Open { path, source }),
    }
}

/// Refuses to begin with an empty registry where names have been given before.
fn check_registry(domains: &[Domain], keys: &KeyFiles, path: &Path) -> Result<(), StartError> {
    let mut zones = domains.iter().map(|domain| &domain.zone);
    match zones.find(|zone| keys.has(zone)) {
        Some(zone) if !path.exists() => Err(StartError::RegistryLost {
            path: path.to_owned(),
            zone: zone.clone(),
        }),
        _ => Ok(()),
    }
}
