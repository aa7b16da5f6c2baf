//! From a backup to a data directory that a server can be started with.
//!
//! All of it is decrypted, checked and put together beside the data directory first, which is then
//! moved into its place; so a restore that breaks off has restored nothing.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, Read, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
};

use payname_resolver::{UnixTime, hickory_proto::rr::SerialNumber};
use tar::Archive;

use super::{
    BackupError,
    age::Opening,
    archive::{self, Manifest},
    unwritten,
};
use crate::{
    carry::{CarryError, import_registry},
    config::Config,
    keys::{KeyFiles, Passphrase},
    publisher::serial_ceiling,
    server::open_store,
};

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
    make_empty(&beside)?;
    let outcome = unpack(&mut opening, from, &beside);
    let outcome = match outcome {
        Ok(manifest) => settle(&beside, manifest, config_file, now).await,
        Err(error) => Err(error),
    };
    // What is of use has been moved away.
    let _ = fs::remove_dir_all(&beside);
    outcome
}

/// Writes every file of the archive into a directory, and reads it to its end: nothing is trusted
/// before the last byte is known to be right.
fn unpack(opening: &mut impl Read, from: &Path, into: &Path) -> Result<Manifest, BackupError> {
    let unreadable = |source: io::Error| BackupError::Unreadable {
        path: from.to_owned(),
        source,
    };
    let mut tar = Archive::new(&mut *opening);
    for entry in tar.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?.into_owned();
        let path = into.join(plain(&name)?);
        if let Some(parent) = path.parent() {
            make(parent).map_err(|source| unwritten(parent, source))?;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let copied = options.open(&path).and_then(|mut file| {
            io::copy(&mut entry, &mut file)?;
            file.flush()?;
            file.sync_all()
        });
        copied.map_err(|source| unwritten(&path, source))?;
    }
    io::copy(opening, &mut io::sink()).map_err(unreadable)?;
    let manifest = fs::read(into.join(archive::MANIFEST));
    let missing = |_| BackupError::Foreign(format!("it has no {}", archive::MANIFEST));
    Manifest::read(&manifest.map_err(missing)?)
}

/// A name that leads nowhere else.
fn plain(name: &Path) -> Result<&Path, BackupError> {
    let mut parts = name.components();
    if parts.all(|part| matches!(part, Component::Normal(_))) {
        return Ok(name);
    }
    let shown = name.display().to_string();
    Err(BackupError::Foreign(format!(
        "it has a file `{}`",
        shown.escape_debug()
    )))
}

/// Puts what was unpacked into its place.
async fn settle(
    unpacked: &Path,
    manifest: Manifest,
    config_file: &Path,
    now: UnixTime,
) -> Result<Restored, BackupError> {
    let wrote_configuration = !config_file.exists();
    let config = if wrote_configuration {
        let path = unpacked.join(archive::CONFIGURATION);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|source| BackupError::Unreadable { path, source })?;
        Config::parse(&text, config_file)?
    } else {
        Config::read(config_file)?
    };
    refuse_what_exists(&config)?;
    // On the file system of its place, so that it can be moved there.
    let new = beside(&config.data_dir, ".restoring");
    make_empty(&new)?;
    let outcome = fill(unpacked, &config, &new).await;
    let outcome = match outcome {
        Ok(rows) => put_in_place(&new, &config.data_dir).map(|()| rows),
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    let rows = outcome?;
    raise_serials(&config, now).await?;
    records(unpacked, &config)?;
    if wrote_configuration {
        let text = unpacked.join(archive::CONFIGURATION);
        let copied = fs::copy(text, config_file);
        copied.map_err(|source| unwritten(config_file, source))?;
    }
    Ok(Restored {
        made_at: UnixTime(manifest.made_at),
        made_by: manifest.paynamed,
        zones: manifest.zones,
        rows,
        wrote_configuration,
    })
}

/// Keys and registry, in a directory that nobody uses yet.
async fn fill(unpacked: &Path, config: &Config, new: &Path) -> Result<u64, BackupError> {
    let data = unpacked.join(archive::DATA);
    let unreadable = |source| BackupError::Unreadable {
        path: data.clone(),
        source,
    };
    for entry in fs::read_dir(&data).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let to = new.join(path.file_name().unwrap_or_default());
        fs::copy(&path, &to).map_err(|source| unwritten(&to, source))?;
        let file = File::open(&to).and_then(|file| file.sync_all());
        file.map_err(|source| unwritten(&to, source))?;
    }
    let files = KeyFiles::new(new).sealed_by(config.passphrase()?);
    for domain in &config.domains {
        if files.has(&domain.zone) {
            files.check(&domain.zone, domain.keys.clone())?;
        }
    }
    let path = unpacked.join(archive::REGISTRY);
    let rows = File::open(&path);
    let rows = rows.map_err(|source| BackupError::Unreadable { path, source })?;
    let at = Config {
        data_dir: new.to_owned(),
        ..config.clone()
    };
    // Keys without their registry are refused, so it is made before anything looks for it.
    if config.database.is_none() {
        let registry = crate::data_dir::registry(new);
        crate::store::Sqlite::open(&registry)?;
    }
    Ok(import_registry(&at, &mut BufReader::new(rows)).await?)
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
    let failed = |source| unwritten(place, source);
    fs::rename(new, place).map_err(failed)?;
    let parent = place
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = File::open(parent.unwrap_or(Path::new(".")));
    parent.and_then(|parent| parent.sync_all()).map_err(failed)
}

/// Has the zones go on above every serial that may have been served since the backup: serials are
/// times, so that is what the clock says, and an hour's worth of changes.
async fn raise_serials(config: &Config, now: UnixTime) -> Result<(), BackupError> {
    let opened = open_store(config).await;
    let store = opened.map_err(|error| CarryError::from(Box::new(error)))?;
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
    Ok(())
}

/// Files of records, where the configuration wants them and there is none.
fn records(unpacked: &Path, config: &Config) -> Result<(), BackupError> {
    for domain in &config.domains {
        let from = unpacked.join(archive::records_of(&domain.zone));
        if let Some(path) = domain.records.as_ref().filter(|path| !path.exists())
            && from.exists()
        {
            fs::copy(&from, path).map_err(|source| unwritten(path, source))?;
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
        _ => make(path),
    }
    .map_err(|source| unwritten(path, source))
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
