//! `paynamed backup` and `paynamed restore`: everything that a server cannot make anew, in one
//! encrypted file.
//!
//! Inside is an archive (tar) of the configuration, the files of the data directory, and the registry
//! as [`crate::carry`] writes it; the signed zones are made anew from these. So a backup of one store
//! can be restored into the other.

mod age;
mod archive;
mod restore;
mod unpacked;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Seek as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use payname_resolver::UnixTime;
use ring::rand::SystemRandom;

pub(crate) use self::restore::end_restore;
pub use self::{
    age::AgeError,
    restore::{Restored, restore},
};
use self::{
    age::{COST, Sealing},
    archive::{Archive, Manifest},
};
use crate::{
    carry::{CarryError, export_registry},
    config::{Config, ConfigError},
    data_dir::{DataDirError, registry, signed_zones},
    keys::{Passphrase, PassphraseError},
    store::{OpenError, StoreError},
};

/// What the files of a database end with; a zone's files may begin as they do.
const DATABASE_ENDS: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// How often the files are read again because a server replaced keys meanwhile.
const ATTEMPTS: usize = 5;

/// Writes a backup to a new file; a server may be running.
///
/// # Errors
/// [`BackupError`]; the file appears whole or not at all.
pub async fn back_up(
    config_file: &Path,
    config: &Config,
    passphrase: &Passphrase,
    to: &Path,
    now: UnixTime,
) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut unfinished = to.to_owned().into_os_string();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let written = write(config_file, config, passphrase, &unfinished, now).await;
    let finished = written.and_then(|file| finish(&file, &unfinished, to));
    // Its content is in place under the other name, or of no use.
    let _ = fs::remove_file(&unfinished);
    finished
}

/// Gives a backup its name.
fn finish(file: &File, unfinished: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |source| unwritten(to, source);
    let ours = file.metadata().map_err(failed)?;
    let there = fs::symlink_metadata(unfinished).map_err(failed)?;
    if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
        return Err(BackupError::Another(to.to_owned()));
    }
    // A link, other than a rename, replaces nothing.
    fs::hard_link(unfinished, to).map_err(failed)?;
    sync_parent(to).map_err(failed)
}

/// A new file that only we can read. What a backup that broke off has left there is removed, not written over:
/// it may be another name of one that was finished.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    options.open(path)
}

/// A file without a name, so that nothing stays behind however we end.
fn nameless(path: &Path) -> io::Result<File> {
    let file = create(path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Has what was put into the directory of a file outlive a loss of power.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

async fn write(
    config_file: &Path,
    config: &Config,
    passphrase: &Passphrase,
    to: &Path,
    now: UnixTime,
) -> Result<File, BackupError> {
    let text = read(config_file)?;
    let rows = rows(config, now).await?;
    // After the registry: what was registered under a key is never without it.
    let files = steady_files(&config.data_dir)?;
    let file = create(to).map_err(|source| unwritten(to, source))?;
    let sealing = Sealing::begin(BufWriter::new(file), passphrase, COST, &SystemRandom::new())?;
    let mut archive = Archive::new(sealing, now);
    let zones = config.domains.iter();
    let manifest = Manifest::new(now, zones.map(|domain| domain.zone.to_string()));
    let failed = |source| unwritten(to, source);
    archive
        .add(archive::MANIFEST, &manifest.to_json())
        .map_err(failed)?;
    archive.add(archive::CONFIGURATION, &text).map_err(failed)?;
    for domain in &config.domains {
        if let Some(path) = &domain.records {
            let name = archive::records_of(&domain.zone);
            archive.add(&name, &read(path)?).map_err(failed)?;
        }
    }
    for (name, bytes) in &files {
        let name = format!("{}{name}", archive::DATA);
        archive.add(&name, bytes).map_err(failed)?;
    }
    archive.add_file(archive::REGISTRY, rows).map_err(failed)?;
    let sealing = archive.end().map_err(failed)?;
    let out = sealing.end().map_err(failed)?;
    let file = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(file)
}

/// The registry in a file that has no name, so that nothing stays behind.
async fn rows(config: &Config, now: UnixTime) -> Result<File, BackupError> {
    // Two backups at once must not write into one file.
    let name = format!("backup.{}.new", std::process::id());
    let path = config.data_dir.join(name);
    let failed = |source| unwritten(&path, source);
    let file = nameless(&path).map_err(failed)?;
    let mut out = BufWriter::new(file);
    export_registry(config, now, &mut out).await?;
    let mut file = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// The files of the data directory, all of one moment: read again if a key was replaced meanwhile.
fn steady_files(directory: &Path) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let mut last = files(directory)?;
    for _ in 1..ATTEMPTS {
        let again = files(directory)?;
        if again == last {
            return Ok(last);
        }
        last = again;
    }
    Err(BackupError::Restless(directory.to_owned()))
}

/// All but the databases, which have ways of their own, and what is still being written.
fn files(directory: &Path) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let unreadable = |source| BackupError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let databases = [
        registry(directory),
        signed_zones(directory),
        directory.join("lock"),
    ];
    let databases = databases.map(|path| path.display().to_string());
    let is_database = |path: &Path| {
        let shown = path.display().to_string();
        let ends = databases.iter().filter_map(|one| shown.strip_prefix(one));
        ends.into_iter().any(|end| DATABASE_ENDS.contains(&end))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_passing = name.ends_with(".new") || name == restore::MARK;
        if is_database(&path) || is_passing || !path.is_file() {
            continue;
        }
        match fs::read(&path) {
            Ok(bytes) => files.push((name.to_owned(), bytes)),
            // Destroyed just now; the next look shows what takes its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BackupError::Unreadable { path, source }),
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, BackupError> {
    fs::read(path).map_err(|source| BackupError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn unwritten(path: &Path, source: io::Error) -> BackupError {
    BackupError::Unwritten {
        path: path.to_owned(),
        source,
    }
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something is there already.
    #[error("{} exists already, and nothing is overwritten", .0.display())]
    Exists(PathBuf),
    /// Somebody else has begun to write the same file.
    #[error("another backup is being written to {}; wait for it, or choose another name", .0.display())]
    Another(PathBuf),
    /// The data directory is in use.
    #[error("{} is not empty; restore into a new data directory, or move this one away", .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The files change all the time.
    #[error("the files in {} change all the time; try again in a minute", .0.display())]
    Restless(PathBuf),
    /// It cannot be encrypted or decrypted.
    #[error("the backup: {0}")]
    Sealed(#[from] AgeError),
    /// It holds something else.
    #[error("this is no backup of paynamed: {0}")]
    Foreign(String),
    /// A newer version wrote it.
    #[error(
        "the backup has version {found}, and this paynamed knows up to {known}; restore it with the newer one that wrote it"
    )]
    TooNew {
        /// Its version.
        found: u64,
        /// The newest known here.
        known: u64,
    },
    /// The configuration in it, or beside it, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The passphrase of the keys cannot be had.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The keys cannot be used.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// The registry cannot be carried.
    #[error(transparent)]
    Registry(#[from] CarryError),
    /// The registry cannot be made.
    #[error("the registry cannot be made")]
    Open(#[from] OpenError),
    /// The registry failed.
    #[error("the registry fails")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_it_whatever_their_zone_is_called_and_databases_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let kept = [
            "cookies",
            "lockbox.com.keys.json",
            "registry.sqlite.example.keys.json",
        ];
        let left = [
            "lock",
            "lock-journal",
            "registry.sqlite",
            "registry.sqlite-wal",
            "registry.sqlite-shm",
            "zones.sqlite",
            "a.keys.json.new",
        ];
        for name in kept.iter().chain(&left) {
            fs::write(directory.path().join(name), name).unwrap();
        }
        let files = steady_files(directory.path()).unwrap();
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, kept);
    }
}
