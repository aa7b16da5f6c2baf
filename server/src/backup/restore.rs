//! From a backup to a data directory that a server can be started with.
//!
//! All of it is decrypted and checked first, then put together beside the data directory, which is then
//! moved into its place: that one step restores. Before it nothing is restored, and the same command may be
//! given again; after it only serial numbers are left to be raised, which the next start does if we could not.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, BufReader, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use payname_resolver::{UnixTime, hickory_proto::rr::SerialNumber};

use super::{
    BackupError, age::Opening, archive, create, sync_parent, unpacked::Unpacked, unwritten,
};
use crate::{
    carry::{CarryError, import_registry},
    config::Config,
    keys::{KeyFiles, Passphrase},
    publisher::serial_ceiling,
    server::open_store,
    store::{Store, StoreError},
};

/// The file in a restored data directory that says that serial numbers are not raised yet.
pub(super) const MARK: &str = "restored";

/// What was restored.
#[derive(Debug)]
#[non_exhaustive]
pub struct Restored {
    /// When the backup was made.
    pub made_at: UnixTime,
    /// The version of the paynamed that made it.
    pub made_by: String,
    /// The zones whose keys were in it.
    pub zones: Vec<String>,
    /// How many rows the registry has.
    pub rows: u64,
    /// Whether the configuration was written, too.
    pub wrote_configuration: bool,
}

/// Restores a backup into the data directory that the configuration names: the one at `config_file`
/// if there is one, else that of the backup, which is put there.
///
/// # Errors
/// [`BackupError`]; the data directory then is as it was.
pub async fn restore(
    from: &Path,
    passphrase: &Passphrase,
    config_file: &Path,
    now: UnixTime,
) -> Result<Restored, BackupError> {
    let backup = File::open(from).map_err(|source| BackupError::Unreadable {
        path: from.to_owned(),
        source,
    })?;
    let mut opening = Opening::begin(BufReader::new(backup), passphrase)?;
    let beside = beside(config_file, ".restoring");
    let mut unpacked = Unpacked::read(&mut opening, from, &beside)?;
    let wrote_configuration = !config_file.exists();
    let config = if wrote_configuration {
        Config::parse(configuration(&unpacked)?, config_file)?
    } else {
        Config::read(config_file)?
    };
    refuse_what_exists(&config)?;
    let rows = settle(&mut unpacked, &config, config_file).await?;
    let opened = open_store(&config).await;
    let store = opened.map_err(|error| CarryError::from(Box::new(error)))?;
    end_restore(&config, store.as_ref(), now).await?;
    let manifest = unpacked.manifest;
    Ok(Restored {
        made_at: UnixTime(manifest.made_at),
        made_by: manifest.paynamed,
        zones: manifest.zones,
        rows,
        wrote_configuration,
    })
}

fn configuration(unpacked: &Unpacked) -> Result<&str, BackupError> {
    let missing = || BackupError::Foreign(format!("it has no {}", archive::CONFIGURATION));
    let bytes = unpacked.file(archive::CONFIGURATION).ok_or_else(missing)?;
    std::str::from_utf8(bytes).map_err(|_| missing())
}

/// Puts everything into its place, the data directory last.
async fn settle(
    unpacked: &mut Unpacked,
    config: &Config,
    config_file: &Path,
) -> Result<u64, BackupError> {
    // On the file system of its place, so that it can be moved there.
    let new = beside(&config.data_dir, ".restoring");
    make_empty(&new)?;
    let filled = fill(unpacked, config, &new).await;
    let settled = filled.and_then(|rows| {
        records(unpacked, config)?;
        if !config_file.exists() {
            put(config_file, configuration(unpacked)?.as_bytes())?;
        }
        put_in_place(&new, &config.data_dir)?;
        Ok(rows)
    });
    if settled.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    settled
}

/// Registry and keys, in a directory that nobody uses yet. The keys come last, so that they lie there only for
/// the moment before it is moved.
async fn fill(unpacked: &mut Unpacked, config: &Config, new: &Path) -> Result<u64, BackupError> {
    let at = Config {
        data_dir: new.to_owned(),
        ..config.clone()
    };
    let unread = |source| BackupError::Unreadable {
        path: PathBuf::from(archive::REGISTRY),
        source,
    };
    let rows = unpacked.registry().map_err(unread)?;
    let rows = import_registry(&at, &mut BufReader::new(rows)).await?;
    for (name, bytes) in unpacked.data() {
        write(&new.join(name), bytes)?;
    }
    write(&new.join(MARK), b"serial numbers are to be raised\n")?;
    let directory = File::open(new).and_then(|directory| directory.sync_all());
    directory.map_err(|source| unwritten(new, source))?;
    let files = KeyFiles::new(new).sealed_by(config.passphrase()?);
    for domain in &config.domains {
        if files.has(&domain.zone) {
            files.check(&domain.zone, domain.keys.clone())?;
        }
    }
    Ok(rows)
}

/// A new file that only we can read, on the disk.
fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| unwritten(path, source))
}

/// A file that appears whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let new = beside(path, ".restoring");
    write(&new, bytes)?;
    fs::rename(&new, path)
        .and_then(|()| sync_parent(path))
        .map_err(|source| unwritten(path, source))
}

fn refuse_what_exists(config: &Config) -> Result<(), BackupError> {
    let directory = &config.data_dir;
    let mut entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(BackupError::Unreadable {
                path: directory.clone(),
                source,
            });
        }
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(directory.clone())),
    }
}

/// Moves a directory to where there is none, or an empty one.
fn put_in_place(new: &Path, place: &Path) -> Result<(), BackupError> {
    fs::rename(new, place)
        .and_then(|()| sync_parent(place))
        .map_err(|source| unwritten(place, source))
}

/// Does what is left to do about a restored data directory, if it is one that was just restored: has the zones go
/// on above every serial that may have been served since the backup. Serials are times, so that is what the clock
/// says, and an hour's worth of changes.
pub(crate) async fn end_restore(
    config: &Config,
    store: &dyn Store,
    now: UnixTime,
) -> Result<(), StoreError> {
    let mark = config.data_dir.join(MARK);
    if !mark.exists() {
        return Ok(());
    }
    // Serials wrap around as 32 bits do (RFC 1982).
    let [_, _, _, _, serial @ ..] = now.0.to_be_bytes();
    let ceiling = serial_ceiling(u32::from_be_bytes(serial));
    for domain in &config.domains {
        let zone = domain.zone.to_string();
        let known = store.serial(&zone).await?;
        let is_above = |known: u32| SerialNumber::new(known) > SerialNumber::new(ceiling);
        if !known.is_some_and(is_above) {
            store.keep_serial(&zone, ceiling).await?;
        }
    }
    if let Err(error) = fs::remove_file(&mark) {
        // Serials are raised once more by the next start, which harms nobody.
        tracing::warn!(path = %mark.display(), %error, "a file cannot be removed");
    }
    Ok(())
}

/// Files of records, where the configuration wants them and there is none.
fn records(unpacked: &Unpacked, config: &Config) -> Result<(), BackupError> {
    for domain in &config.domains {
        if let Some(path) = domain.records.as_ref().filter(|path| !path.exists())
            && let Some(bytes) = unpacked.file(&archive::records_of(&domain.zone))
        {
            put(path, bytes)?;
        }
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.to_owned().into_os_string();
    beside.push(ending);
    PathBuf::from(beside)
}

/// A directory for our eyes only, without what an earlier attempt left in it.
fn make_empty(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => DirBuilder::new().recursive(true).mode(0o700).create(path),
    }
    .map_err(|source| unwritten(path, source))
}
