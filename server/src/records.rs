//! Records that an operator writes by hand: a master file beside the names of the registry.

use std::path::{Path, PathBuf};

use payname_resolver::{Handle, UnixTime, hickory_proto::rr::Name};
use payname_zones::{
    KeyError, MasterFileError, SigningKey, Zone, ZoneError, ZoneFile, hickory_proto::rr::RecordType,
};
use ring::rand::SystemRandom;

use crate::{
    config::{Config, Domain},
    publisher::settings,
};

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Reads the file of a domain; one that names none has no records.
pub(crate) fn read(domain: &Domain) -> Result<ZoneFile, RecordsError> {
    match &domain.records {
        None => Ok(ZoneFile::empty(&domain.zone)),
        Some(path) => read_file(path, &domain.zone),
    }
}

/// Reads a file for a zone.
pub(crate) fn read_file(path: &Path, zone: &Name) -> Result<ZoneFile, RecordsError> {
    let refused = |source| RecordsError::File {
        path: path.to_owned(),
        source: Box::new(source),
    };
    ZoneFile::read(&read_text(path)?, zone).map_err(refused)
}

/// Reads the text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, RecordsError> {
    let failed = |source| RecordsError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MAX_FILE {
        return Err(RecordsError::TooLong {
            path: path.to_owned(),
            length,
        });
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Whether the zones of a configuration could take their files, as far as can be told without the
/// registry.
///
/// # Errors
/// [`RecordsError`] names the file, the line and the reason.
pub fn check_records(config: &Config) -> Result<(), RecordsError> {
    for domain in &config.domains {
        if let Some(path) = &domain.records {
            check(config, domain, path)?;
        }
    }
    Ok(())
}

/// Whether the zone of a domain could take a file.
pub(crate) fn check(config: &Config, domain: &Domain, path: &Path) -> Result<(), RecordsError> {
    let file = read_file(path, &domain.zone)?;
    let zones = config.domains.iter().map(|domain| &domain.zone);
    check_places(path, &file, &domain.zone, zones)?;
    // Nobody sees this zone, so any key and any time will do.
    let key = SigningKey::generate_pkcs8(&SystemRandom::new())
        .and_then(|pkcs8| SigningKey::from_pkcs8(&pkcs8))?;
    let mut zone = Zone::new(settings(domain), key, UnixTime(0))?;
    take(
        path,
        &mut zone,
        &ZoneFile::empty(&domain.zone),
        &file,
        UnixTime(0),
    )?;
    Ok(())
}

/// Puts the records of a file in place of those that the zone had from a file before; whether
/// anything changed.
pub(crate) fn take(
    path: &Path,
    zone: &mut Zone,
    before: &ZoneFile,
    after: &ZoneFile,
    now: UnixTime,
) -> Result<bool, RecordsError> {
    let change = zone.set_file(before, after, now);
    let change = change.map_err(|source| RecordsError::File {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok(change.is_some())
}

/// Refuses records in zones that are served here themselves.
pub(crate) fn check_places<'a>(
    path: &Path,
    file: &ZoneFile,
    zone: &Name,
    served: impl Iterator<Item = &'a Name>,
) -> Result<(), RecordsError> {
    let below: Vec<&Name> = served
        .filter(|other| *other != zone && zone.zone_of(other))
        .collect();
    for (owner, _, line) in file.sets() {
        if let Some(child) = below.iter().find(|child| child.zone_of(owner)) {
            return Err(RecordsError::Served {
                path: path.to_owned(),
                line,
                owner: owner.to_ascii(),
                zone: child.to_ascii(),
            });
        }
    }
    Ok(())
}

/// The names that could be registered and that a file has records of, with their lines: the file
/// speaks for them, so the registry must not.
pub(crate) fn handles(file: &ZoneFile, domain: &Domain) -> Vec<(Handle, usize)> {
    let speaks = |kind| matches!(kind, RecordType::TXT | RecordType::CNAME | RecordType::NS);
    let owners = file.sets().filter(|(_, kind, _)| speaks(*kind));
    let handles = owners.filter_map(|(owner, _, line)| {
        let user = owner.iter().next()?;
        let handle = Handle::new(std::str::from_utf8(user).ok()?, &domain.name).ok()?;
        (handle.owner_name() == owner).then_some((handle, line))
    });
    handles.collect()
}

/// Why a file of records is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// It cannot be read.
    #[error("the records in {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is longer than any file of records should be.
    #[error("{} has {length} bytes; a file of records has at most {MAX_FILE}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: u64,
    },
    /// It is no master file, or the zone refuses what is in it.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<MasterFileError>,
    },
    /// It speaks for a name that somebody has registered.
    #[error("{}, line {line}: {handle} is registered; take the record out, or have its owner give it up", path.display())]
    Registered {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The name.
        handle: Handle,
    },
    /// It has records of another zone that is served here.
    #[error("{}, line {line}: {owner} belongs to the zone {zone}, which is served here; write it into the file of that one", path.display())]
    Served {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The record's owner.
        owner: String,
        /// The zone that it belongs to.
        zone: String,
    },
    /// No zone can be made to try it in.
    #[error("no zone can be made of the configuration")]
    Zone(#[from] ZoneError),
    /// No key can be made to try it with.
    #[error("no key can be made")]
    Key(#[from] KeyError),
}
