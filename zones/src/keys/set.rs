//! The keys of one zone with their stages, and what follows from these for the zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use hickory_proto::rr::Name;
use payname_resolver::UnixTime;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::key::{EntryStage, Key, Role, ZoneStage};
use super::parent::{ParentAdvice, ParentView};
use super::policy::{Duty, KeyPolicy};
use super::timekeeper::Timekeeper;
use super::{DsRequest, KeyAlgorithm, KeyError, SigningKey, ZoneKeys};
use crate::names::canonical;

/// The keys of one zone: where each stands, and the times that move them.
///
/// It holds no private key. [`KeySet::step`] moves it on, [`KeySet::zone_keys`] says what the zone
/// is to sign with and to show, [`KeySet::to_text`] is what a file keeps of it.
///
/// ```
/// use payname_resolver::UnixTime;
/// use payname_zones::{KeyPolicy, KeySet, PrivateKeys};
/// use ring::rand::SystemRandom;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = UnixTime(1_785_988_800);
/// let zone = "example.com.".parse()?;
/// let (keys, made) = KeySet::new(&zone, KeyPolicy::default(), now, &SystemRandom::new())?;
/// let private = PrivateKeys::from_iter(made.iter().map(|new| new.key.clone()));
/// let zone_keys = keys.zone_keys(&private)?;
/// assert_eq!(zone_keys.shown().len(), 1);
/// assert_eq!(KeySet::from_text(&keys.to_text(), KeyPolicy::default())?, keys);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    pub(super) zone: Name,
    pub(super) policy: KeyPolicy,
    pub(super) keys: Vec<Key>,
    pub(super) time: Timekeeper,
    /// The longest TTL that something in the zone had, and when that was last so.
    pub(super) longest_ttl: HighWater,
    /// The longest TTL of the parent's DS records, likewise.
    pub(super) ds_ttl: HighWater,
    /// Whether the parent is asked to forget the zone.
    pub(super) deleting: bool,
    /// Duties for which an operator asked for a new key.
    pub(super) wanted: Vec<Duty>,
    /// Whether an operator asked for the policy's algorithm.
    pub(super) algorithm_wanted: bool,
    /// What tells the last request from others that was followed.
    pub(super) followed: Option<String>,
}

/// The highest value that caches may still know: it outlasts itself by its own seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HighWater {
    pub(super) ttl: u32,
    pub(super) seen: u64,
}

impl HighWater {
    /// Takes note of a TTL; `propagation` is how many seconds longer some server may show it.
    pub(super) fn note(&mut self, ttl: u32, lived: u64, propagation: u64) {
        let kept = u64::from(self.ttl).saturating_add(propagation);
        if ttl >= self.ttl || lived >= self.seen.saturating_add(kept) {
            *self = Self { ttl, seen: lived };
        }
    }
}

/// A key that was just made; its private half is to be stored before anything shows the key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub key: Arc<SigningKey>,
    /// Its private half in PKCS#8 form; it is wiped when it is dropped.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl KeySet {
    /// Makes the keys of a zone that nobody has seen yet; they sign at once.
    ///
    /// # Errors
    /// [`KeyError`] when no key can be made.
    pub fn new(
        zone: &Name,
        policy: KeyPolicy,
        wall: UnixTime,
        random: &dyn SecureRandom,
    ) -> Result<(Self, Vec<NewKey>), KeyError> {
        let mut set = Self::empty(zone, policy, wall);
        let roles: &[Role] = match set.policy.scheme {
            super::Scheme::Single => &[Role::Csk],
            super::Scheme::Split => &[Role::Ksk, Role::Zsk],
        };
        let mut made = Vec::new();
        for role in roles {
            let new = set.make(*role, set.policy.algorithm, random)?;
            set.keys.push(Key::active(*role, &new.key, wall, 0));
            made.push(new);
        }
        Ok((set, made))
    }

    /// Takes over a zone that was signed by one key alone until now; it becomes the CSK.
    pub fn adopt(zone: &Name, policy: KeyPolicy, key: &SigningKey, wall: UnixTime) -> Self {
        let mut set = Self::empty(zone, policy, wall);
        set.keys.push(Key::active(Role::Csk, key, wall, 0));
        set
    }

    fn empty(zone: &Name, policy: KeyPolicy, wall: UnixTime) -> Self {
        Self {
            zone: canonical(zone),
            ds_ttl: HighWater {
                ttl: policy.ds_ttl,
                seen: 0,
            },
            policy,
            keys: Vec::new(),
            time: Timekeeper::new(wall),
            longest_ttl: HighWater { ttl: 0, seen: 0 },
            deleting: false,
            wanted: Vec::new(),
            algorithm_wanted: false,
            followed: None,
        }
    }

    /// The apex of the zone.
    pub fn zone(&self) -> &Name {
        &self.zone
    }

    /// The keys, the oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The policy.
    pub fn policy(&self) -> &KeyPolicy {
        &self.policy
    }

    /// The time as the set sees it.
    pub fn time(&self) -> &Timekeeper {
        &self.time
    }

    /// Believes the wall clock where it is behind the sure time; see [`Timekeeper::trust`].
    pub fn trust_clock(&mut self, wall: UnixTime) {
        self.time.trust(wall);
    }

    /// Takes note that the request with this id is followed, so that it is not followed again after a
    /// crash between keeping the set and forgetting the request. An empty id is not remembered.
    pub fn note_followed(&mut self, id: &str) {
        if !id.is_empty() {
            self.followed = Some(id.to_owned());
        }
    }

    /// Whether the request with this id was the last one that was followed.
    pub fn has_followed(&self, id: &str) -> bool {
        !id.is_empty() && self.followed.as_deref() == Some(id)
    }

    /// The key that does this work.
    pub fn active(&self, duty: Duty) -> Option<&Key> {
        self.keys.iter().find(|key| key.does(duty))
    }

    /// The key that is to do this work next.
    pub fn next(&self, duty: Duty) -> Option<&Key> {
        self.keys.iter().find(|key| match duty {
            Duty::Entry => matches!(
                key.entry_stage(),
                Some(EntryStage::Announced | EntryStage::Trusted)
            ),
            Duty::Zone => key.zone_stage() == Some(ZoneStage::Published),
        })
    }

    /// Asks for a new key for a duty; [`KeySet::step`] makes it.
    ///
    /// Under [`super::Scheme::Single`] one new key takes over both duties.
    ///
    /// # Errors
    /// [`RollError`] when one is under way, or the zone is to be forgotten.
    pub fn roll(&mut self, duty: Duty) -> Result<(), RollError> {
        self.may_roll()?;
        self.wanted.push(duty);
        Ok(())
    }

    /// Asks for keys of the algorithm that the policy says, in place of all keys there are
    /// (RFC 6781 §4.1.4); [`KeySet::step`] makes them.
    ///
    /// # Errors
    /// [`RollError`] when the zone has that algorithm, a key is being replaced, or the zone is to
    /// be forgotten.
    pub fn roll_algorithm(&mut self) -> Result<(), RollError> {
        self.may_roll()?;
        if !self.is_of_another_algorithm() {
            return Err(RollError::SameAlgorithm(self.policy.algorithm));
        }
        self.algorithm_wanted = true;
        Ok(())
    }

    /// Whether the zone's keys are not of the algorithm that the policy says.
    pub fn is_of_another_algorithm(&self) -> bool {
        let active = self.active(Duty::Zone);
        active.is_some_and(|key| key.algorithm != self.policy.algorithm)
    }

    fn may_roll(&self) -> Result<(), RollError> {
        if self.deleting {
            return Err(RollError::Deleting);
        }
        if self.is_rolling() || self.is_asked_to_roll() {
            return Err(RollError::UnderWay);
        }
        Ok(())
    }

    fn is_asked_to_roll(&self) -> bool {
        self.algorithm_wanted || !self.wanted.is_empty()
    }

    /// Whether a key is on its way in or out, but for a DS record the parent may still forget.
    pub fn is_rolling(&self) -> bool {
        self.keys.iter().any(|key| {
            let entry = key.entry_stage().is_some_and(|stage| {
                !matches!(
                    stage,
                    EntryStage::Active | EntryStage::Withdrawn | EntryStage::Gone
                )
            });
            let zone = key
                .zone_stage()
                .is_some_and(|stage| !matches!(stage, ZoneStage::Active | ZoneStage::Gone));
            entry || zone
        })
    }

    /// Asks the parent to take all DS records away (RFC 8078 §4): from then on nobody can prove
    /// the zone's names. The zone stays signed.
    ///
    /// # Errors
    /// [`RollError::UnderWay`] while keys are being replaced.
    pub fn danger_ask_to_be_forgotten(&mut self) -> Result<(), RollError> {
        if self.is_rolling() || self.is_asked_to_roll() {
            return Err(RollError::UnderWay);
        }
        self.deleting = true;
        Ok(())
    }

    /// Asks the parent for DS records again.
    pub fn ask_to_be_kept(&mut self) {
        self.deleting = false;
    }

    /// What the zone is to sign with, to show, and to ask its parent for.
    ///
    /// # Errors
    /// [`MissingKey`] when the private half of a key that signs is not among those given.
    pub fn zone_keys(&self, private: &PrivateKeys) -> Result<ZoneKeys, MissingKey> {
        let private = |key: &Key| {
            let found = private.0.get(&key.key_tag).cloned();
            found.ok_or(MissingKey::Private(key.key_tag))
        };
        let signer = |duty| private(self.active(duty).ok_or(MissingKey::NoneActive)?);
        let beside = |duty| {
            let mut keys = self.keys.iter().filter(|key| key.assists(duty));
            keys.next().map(private).transpose()
        };
        let shown = self.keys.iter().filter(|key| key.is_shown());
        let keys = ZoneKeys::new(
            signer(Duty::Entry)?,
            signer(Duty::Zone)?,
            shown.map(|key| key.dnskey.clone()),
            self.request(),
        );
        Ok(keys.beside(beside(Duty::Entry)?, beside(Duty::Zone)?))
    }

    /// What the parent is asked for.
    pub fn request(&self) -> DsRequest {
        if self.deleting {
            return DsRequest::Delete;
        }
        let asked = self.keys.iter().filter(|key| key.is_asked_for());
        DsRequest::Keys(asked.map(|key| key.dnskey.clone()).collect())
    }

    /// What is to be done at the parent, which was seen like this.
    pub fn advice(&self, parent: &ParentView) -> ParentAdvice {
        let wanted = |key: &&Key| key.is_asked_for() && !self.deleting;
        let is_there = |key: &&Key| parent.ds.iter().any(|ds| key.is_named_by(ds, &self.zone));
        let missing = self.keys.iter().filter(|key| wanted(key) && !is_there(key));
        let superfluous = parent.ds.iter().filter(|ds| {
            let mut keys = self.keys.iter().filter(wanted);
            !keys.any(|key| key.is_named_by(ds, &self.zone))
        });
        let mut signers = self.keys.iter().filter(|key| key.signs_keys());
        ParentAdvice {
            add: missing.map(|key| key.ds(&self.zone)).collect(),
            remove: superfluous.cloned().collect(),
            urgent: !self.deleting && !signers.any(|key| is_there(&key)),
        }
    }

    /// Makes a key whose tag no other key of the zone has.
    pub(super) fn make(
        &self,
        role: Role,
        algorithm: KeyAlgorithm,
        random: &dyn SecureRandom,
    ) -> Result<NewKey, KeyError> {
        loop {
            let pkcs8 = Zeroizing::new(algorithm.generate_pkcs8(random)?);
            let key = SigningKey::load(&pkcs8, algorithm, role.is_entry())?;
            let is_taken = |other: &Key| other.key_tag == key.key_tag();
            if !self.keys.iter().any(is_taken) {
                let key = Arc::new(key);
                return Ok(NewKey { key, pkcs8 });
            }
        }
    }
}

/// Private keys by key tag.
#[derive(Debug, Clone, Default)]
pub struct PrivateKeys(BTreeMap<u16, Arc<SigningKey>>);

impl PrivateKeys {
    /// Adds a key.
    pub fn insert(&mut self, key: Arc<SigningKey>) {
        self.0.insert(key.key_tag(), key);
    }

    /// Lets go of a key.
    pub fn remove(&mut self, key_tag: u16) {
        self.0.remove(&key_tag);
    }
}

impl FromIterator<Arc<SigningKey>> for PrivateKeys {
    fn from_iter<I: IntoIterator<Item = Arc<SigningKey>>>(keys: I) -> Self {
        let mut all = Self::default();
        for key in keys {
            all.insert(key);
        }
        all
    }
}

/// Why a key is not replaced now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RollError {
    /// One is being replaced.
    #[error("a key of the zone is being replaced already; wait until that is done")]
    UnderWay,
    /// The zone has the algorithm of its policy.
    #[error("the zone's keys are of algorithm {} already; configure another first", .0.number())]
    SameAlgorithm(KeyAlgorithm),
    /// The parent is asked to forget the zone.
    #[error("the parent is asked to forget the zone; ask to be kept first")]
    Deleting,
}

/// A key that should sign and is not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MissingKey {
    /// Its private half was not given.
    #[error("the private half of key {0} is missing; restore it from a backup")]
    Private(u16),
    /// The set has no key for the work.
    #[error("no key of the zone is active")]
    NoneActive,
}
