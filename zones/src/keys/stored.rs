//! A key set as a file keeps it: JSON with a version, no private key in it.

use data_encoding::BASE64;
use hickory_proto::dnssec::PublicKey as _;
use hickory_proto::dnssec::PublicKeyBuf;
use hickory_proto::dnssec::rdata::DNSKEY;
use hickory_proto::rr::Name;
use payname_resolver::UnixTime;
use serde::{Deserialize, Serialize};

use super::KeyAlgorithm;
use super::key::{EntryStage, Key, Role, Track, ZoneStage};
use super::policy::{Duty, KeyPolicy};
use super::set::{HighWater, KeySet};
use super::timekeeper::Timekeeper;
use crate::names::presentation;

/// The form that is written.
const VERSION: u32 = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    zone: String,
    /// A UNIX time that has surely come.
    sure_time: u64,
    /// Seconds that servers have lived with these keys; all `since` count in them.
    lived: u64,
    longest_ttl: HighWater,
    ds_ttl: HighWater,
    #[serde(default)]
    asks_to_be_forgotten: bool,
    #[serde(default)]
    roll_entry: bool,
    #[serde(default)]
    roll_zone: bool,
    #[serde(default)]
    roll_algorithm: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    followed_request: Option<String>,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    tag: u16,
    role: Role,
    algorithm: u8,
    public: String,
    made: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Track<EntryStage>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<Track<ZoneStage>>,
}

/// Only what is in every form.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl KeySet {
    /// The set as text, for a file.
    pub fn to_text(&self) -> String {
        let stored = Stored {
            version: VERSION,
            zone: presentation(&self.zone),
            sure_time: self.time.sure().0,
            lived: self.time.lived(),
            longest_ttl: self.longest_ttl,
            ds_ttl: self.ds_ttl,
            asks_to_be_forgotten: self.deleting,
            roll_entry: self.wanted.contains(&Duty::Entry),
            roll_zone: self.wanted.contains(&Duty::Zone),
            roll_algorithm: self.algorithm_wanted,
            followed_request: self.followed.clone(),
            keys: self.keys.iter().map(stored_key).collect(),
        };
        // Numbers, text and lists of them always have a JSON form.
        let mut text = serde_json::to_string_pretty(&stored).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads what [`KeySet::to_text`] wrote.
    ///
    /// # Errors
    /// [`StoredKeysError`] when it is damaged, of a later version, or makes no sense.
    pub fn from_text(text: &str, policy: KeyPolicy) -> Result<Self, StoredKeysError> {
        let versioned: Versioned = serde_json::from_str(text).map_err(StoredKeysError::Syntax)?;
        // The second form knows more stages than the first, the third the last request; the rest is the same.
        if !(1..=VERSION).contains(&versioned.version) {
            return Err(StoredKeysError::Version(versioned.version));
        }
        let stored: Stored = serde_json::from_str(text).map_err(StoredKeysError::Syntax)?;
        let zone = Name::from_ascii(&stored.zone)
            .map_err(|_| StoredKeysError::Senseless("`zone` is no name"))?;
        let keys = stored.keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let mut tags: Vec<u16> = keys.iter().map(|key| key.key_tag).collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() != keys.len() {
            return Err(StoredKeysError::Senseless("two keys have the same tag"));
        }
        for duty in [Duty::Entry, Duty::Zone] {
            if keys.iter().filter(|key| key.does(duty)).count() != 1 {
                let reason = "not exactly one key is active for each duty";
                return Err(StoredKeysError::Senseless(reason));
            }
        }
        let asked = [
            (stored.roll_entry, Duty::Entry),
            (stored.roll_zone, Duty::Zone),
        ];
        Ok(Self {
            zone,
            policy,
            keys,
            time: Timekeeper::resume(UnixTime(stored.sure_time), stored.lived),
            longest_ttl: stored.longest_ttl,
            ds_ttl: stored.ds_ttl,
            deleting: stored.asks_to_be_forgotten,
            wanted: asked
                .into_iter()
                .filter_map(|(is_asked, duty)| is_asked.then_some(duty))
                .collect(),
            algorithm_wanted: stored.roll_algorithm,
            followed: stored.followed_request,
        })
    }
}

fn stored_key(key: &Key) -> StoredKey {
    StoredKey {
        tag: key.key_tag,
        role: key.role,
        algorithm: key.algorithm.number(),
        public: BASE64.encode(key.dnskey.public_key().public_bytes()),
        made: key.made.0,
        entry: key.entry,
        zone: key.zone,
    }
}

fn key(stored: &StoredKey) -> Result<Key, StoredKeysError> {
    let algorithm = KeyAlgorithm::try_from(stored.algorithm)
        .map_err(|_| StoredKeysError::Senseless("an algorithm is not known here"))?;
    let public = BASE64
        .decode(stored.public.as_bytes())
        .map_err(|_| StoredKeysError::Senseless("a public key is not in base64"))?;
    let public = PublicKeyBuf::new(public, algorithm.in_records());
    let dnskey = DNSKEY::new(true, stored.role.is_entry(), false, public);
    if dnskey.calculate_key_tag().ok() != Some(stored.tag) {
        return Err(StoredKeysError::Senseless(
            "a key tag is not that of its public key",
        ));
    }
    Ok(Key {
        role: stored.role,
        algorithm,
        key_tag: stored.tag,
        dnskey,
        made: UnixTime(stored.made),
        entry: stored.entry,
        zone: stored.zone,
    })
}

/// Why a stored key set cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredKeysError {
    /// It is damaged.
    #[error("the state of the keys is damaged; restore it from a backup")]
    Syntax(#[source] serde_json::Error),
    /// It is from a later release.
    #[error("the state of the keys has form {0}, which a later release wrote; use that one")]
    Version(u32),
    /// It contradicts itself.
    #[error("the state of the keys makes no sense ({0}); restore it from a backup")]
    Senseless(&'static str),
}
