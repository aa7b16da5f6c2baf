//! A master file signed with the keys of its zone: no server, no registry.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{
    Denial, KeyPolicy, MissingKey, Settings, SignaturePolicy, Zone, ZoneError, ZoneFile,
};
use ring::rand::SystemRandom;

use crate::{
    data_dir::DataDirError,
    keys::{KeyFiles, PassphraseError, PassphraseSource},
    records::{RecordsError, read_file},
};

/// How a master file is to be signed.
#[derive(Debug, Clone)]
pub struct SignFile {
    /// The file.
    pub file: PathBuf,
    /// The zone that it is of.
    pub zone: Name,
    /// Where the keys of the zone are.
    pub keys: PathBuf,
    /// What opens the keys, where they are encrypted.
    pub passphrase: Option<PassphraseSource>,
    /// How the keys are made.
    pub policy: KeyPolicy,
    /// Whether to make keys where the zone has none.
    pub make_keys: bool,
    /// How the zone proves that a name does not exist.
    pub denial: Denial,
    /// How long signatures last, in days.
    pub days: u32,
}

impl SignFile {
    /// The signed zone as a master file.
    ///
    /// Its serial is the time, or one above that of the file where that is later. Signatures and
    /// denials that the file has are left out and made anew.
    ///
    /// # Errors
    /// [`SignFileError`] tells what is wrong, in a file with its line.
    pub fn sign(&self, now: UnixTime) -> Result<String, SignFileError> {
        let file = read_file(&self.file, &self.zone)?;
        let bad = |source| RecordsError::File {
            path: self.file.clone(),
            source: Box::new(source),
        };
        let (settings, serial) = file.settings().map_err(bad)?;
        let day = Duration::from_secs(86_400);
        let settings = Settings {
            denial: self.denial,
            signatures: SignaturePolicy {
                validity: day.saturating_mul(self.days),
                ..SignaturePolicy::default()
            },
            ..settings
        };
        let nothing = ZoneFile::empty(&self.zone);
        let mut zone = Zone::new_after(settings, self.zone_keys(now)?, serial, now)?;
        zone.set_file(&nothing, &file, now).map_err(bad)?;
        Ok(zone.master_file().to_string())
    }

    fn zone_keys(&self, now: UnixTime) -> Result<payname_zones::ZoneKeys, SignFileError> {
        let passphrase = self.passphrase.as_ref().map(PassphraseSource::fetch);
        let files = KeyFiles::new(&self.keys).sealed_by(passphrase.transpose()?);
        let policy = self.policy.clone();
        let keys = if files.has(&self.zone) {
            files.load(&self.zone, policy, now)?
        } else if self.make_keys {
            files.make(&self.zone, policy, now, &SystemRandom::new())?
        } else {
            return Err(SignFileError::NoKeys {
                zone: self.zone.to_ascii(),
                directory: self.keys.clone(),
            });
        };
        Ok(keys.set.zone_keys(&keys.private)?)
    }
}

/// The zone that a master file is of, as its SOA record tells.
///
/// # Errors
/// [`SignFileError::WhichZone`] where it does not tell, or [`RecordsError`].
pub fn zone_of_file(path: &Path) -> Result<Name, SignFileError> {
    let file = read_file(path, &Name::root())?;
    let mut apexes = file
        .sets()
        .filter(|(_, kind, _)| *kind == payname_zones::hickory_proto::rr::RecordType::SOA);
    match apexes.next() {
        Some((apex, _, _)) if !apex.is_root() => Ok(apex.clone()),
        _ => Err(SignFileError::WhichZone(path.to_owned())),
    }
}

/// Why a master file is not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignFileError {
    /// The file cannot be read, or is of no zone.
    #[error(transparent)]
    File(#[from] RecordsError),
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] DataDirError),
    /// A key that signs is missing.
    #[error(transparent)]
    Missing(#[from] MissingKey),
    /// There are no keys.
    #[error("{} has no keys of {zone}; name their directory with --keys, or have some made with --make-keys", directory.display())]
    NoKeys {
        /// The zone.
        zone: String,
        /// Where they were looked for.
        directory: PathBuf,
    },
    /// The file does not tell which zone it is of.
    #[error("{} does not say which zone it is of; name it with --zone", .0.display())]
    WhichZone(PathBuf),
    /// The zone cannot be made or signed.
    #[error("the zone cannot be signed")]
    Zone(#[from] ZoneError),
}
