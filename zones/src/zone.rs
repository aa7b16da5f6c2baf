//! A signed zone: what it holds, and how publishing changes it.

use std::sync::Arc;

use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{Name, RData, RecordType, SerialNumber};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::denial::DenialChain;
use crate::keys::{SigningKey, ZoneKeys};
use crate::master_file::MasterFile;
use crate::names::{canonical, presentation, wire};
use crate::node::Node;
use crate::nodes::{Changed, Nodes};
use crate::packed::{Packed, Stored};
use crate::payment::PaymentRecord;
use crate::record_data::canonical_data;
use crate::record_set::{RecordSet, txt};
use crate::settings::Settings;
use crate::shortcut::Absences;
use crate::sign::{SignaturePolicy, Signer};

/// A signed zone.
///
/// Every change is signed before it is visible and costs a handful of signatures: those of the
/// changed record set, of its neighbours in the denial chain and of the SOA, whose serial rises.
/// A change that fails leaves the zone as it was.
///
/// Cloning costs nothing, however large the zone is: a copy shares with the other what neither has
/// changed. So readers keep a copy while the next state is made, and never wait.
#[derive(Debug, Clone)]
pub struct Zone {
    pub(crate) settings: Arc<Settings>,
    /// None when the zone is signed elsewhere.
    pub(crate) keys: Option<Arc<ZoneKeys>>,
    pub(crate) nodes: Nodes,
    pub(crate) denial: DenialChain,
    pub(crate) serial: u32,
    pub(crate) absences: Absences,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The SOA serial that first shows the change.
    pub serial: u32,
    /// How many signatures were made.
    pub signatures: usize,
}

impl Zone {
    /// Makes and signs a zone that holds its SOA, NS, DNSKEY and the addresses of its servers.
    ///
    /// The serial is `now` in seconds, or one more than the last if changes come faster.
    ///
    /// # Errors
    /// [`ZoneError`] when the settings name no server or one record set cannot be made.
    pub fn new(
        settings: Settings,
        keys: impl Into<ZoneKeys>,
        now: UnixTime,
    ) -> Result<Self, ZoneError> {
        Self::new_after(settings, keys, (now.0 as u32).wrapping_sub(1), now)
    }

    /// Makes a zone as [`Zone::new`] does, with a serial above one that was served before.
    ///
    /// The serial is `now` in seconds, or `last_serial` and one where the clock is behind it, so
    /// that secondaries see it rise over restarts (RFC 1982).
    ///
    /// # Errors
    /// As [`Zone::new`].
    pub fn new_after(
        settings: Settings,
        keys: impl Into<ZoneKeys>,
        last_serial: u32,
        now: UnixTime,
    ) -> Result<Self, ZoneError> {
        let settings = settings.checked()?;
        let origin = settings.origin.clone();
        let mut zone = Self {
            nodes: Nodes::new(origin.clone()),
            denial: DenialChain::new(settings.denial, origin),
            settings: Arc::new(settings),
            keys: Some(Arc::new(keys.into())),
            serial: last_serial,
            absences: Absences::default(),
        };
        zone.furnish(now)?;
        Ok(zone)
    }

    /// The apex.
    pub fn origin(&self) -> &Name {
        &self.settings.origin
    }

    /// What the zone was made with, its origin in lower case.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The key that the parent's DS record names, and that signs the DNSKEY records; none when the
    /// zone is signed elsewhere.
    pub fn key(&self) -> Option<&SigningKey> {
        Some(self.keys.as_ref()?.entry())
    }

    /// The keys that sign the zone, and those it shows; none when it is signed elsewhere.
    pub fn keys(&self) -> Option<&ZoneKeys> {
        self.keys.as_deref()
    }

    /// The serial of the SOA.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// One record set as it stands in the zone; wildcards are not expanded.
    pub fn record_set(&self, owner: &Name, record_type: RecordType) -> Option<RecordSet> {
        let stored = self.nodes.set(&canonical(owner), record_type)?;
        Some(stored.unpack())
    }

    /// The whole signed zone, printable in master-file form.
    pub fn master_file(&self) -> MasterFile<'_> {
        MasterFile::new(self)
    }

    /// Publishes a payment record in place of any TXT records at its name.
    ///
    /// # Errors
    /// As [`Zone::set_records`].
    pub fn publish(
        &mut self,
        record: &PaymentRecord,
        ttl: u32,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let data = vec![RData::TXT(record.txt().clone())];
        self.set_records(record.owner(), RecordType::TXT, ttl, data, now)
    }

    /// Sets one TXT record, split every 255 octets, in place of any TXT records at the name.
    ///
    /// # Errors
    /// As [`Zone::set_records`].
    pub fn set_txt(
        &mut self,
        owner: &Name,
        text: &str,
        ttl: u32,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let data = vec![RData::TXT(txt(text.as_bytes()))];
        self.set_records(owner, RecordType::TXT, ttl, data, now)
    }

    /// Sets all records of one type at one name, in place of those that were there.
    ///
    /// A first label `*` makes a wildcard. A DNAME is given as `RData::Unknown` with the code
    /// DNAME and the target's uncompressed wire form; [`Zone::set_dname`] does that.
    ///
    /// # Errors
    /// [`ZoneError`] when the name is outside the zone or below a delegation or DNAME, the type is
    /// one the zone keeps by itself, or the records cannot stand beside what is there.
    pub fn set_records(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        ttl: u32,
        data: Vec<RData>,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let signer = self.signer(now)?;
        let (key, set) = self.prepare(owner, record_type, ttl, data, &signer)?;
        let made = signer.made();
        self.commit(now, made, |nodes, changed| {
            nodes.insert(&key, &set, changed);
        })
    }

    /// Redirects everything below `owner` to below `target` (DNAME, RFC 6672).
    ///
    /// # Errors
    /// As [`Zone::set_records`]; nothing may exist below `owner`.
    pub fn set_dname(
        &mut self,
        owner: &Name,
        target: &Name,
        ttl: u32,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let data = NULL::with(wire(target));
        let data = RData::Unknown {
            code: RecordType::DNAME,
            rdata: data,
        };
        self.set_records(owner, RecordType::DNAME, ttl, vec![data], now)
    }

    /// Removes all records of one type at one name; `None` when there were none.
    ///
    /// # Errors
    /// [`ZoneError::OwnedByZone`] for a type the zone keeps by itself.
    pub fn remove(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        let owner = canonical(owner);
        self.signing_keys()?;
        self.check_type(&owner, record_type)?;
        self.check_place(&owner)?;
        if self.nodes.set(&owner, record_type).is_none() {
            return Ok(None);
        }
        let change = self.commit(now, 0, |nodes, changed| {
            let key = nodes.key(&owner);
            nodes.remove(&key, record_type, changed);
        })?;
        Ok(Some(change))
    }

    /// Lifts the serial above one that was seen elsewhere; `None` when it is above it already.
    ///
    /// A secondary that has seen a later serial would otherwise take no version any more (RFC 1982).
    ///
    /// # Errors
    /// The SOA cannot be signed.
    pub fn raise_serial(&mut self, seen: u32, now: UnixTime) -> Result<Option<Change>, ZoneError> {
        if SerialNumber::new(seen) <= SerialNumber::new(self.serial) {
            return Ok(None);
        }
        let mut next = Self {
            serial: seen,
            ..self.clone()
        };
        let change = next.commit(now, 0, |_, _| {})?;
        *self = next;
        Ok(Some(change))
    }

    /// Makes signatures last differently from now on; those that are there stay as they are.
    pub fn set_signature_policy(&mut self, policy: SignaturePolicy) {
        Arc::make_mut(&mut self.settings).signatures = policy;
    }

    /// Checks that a set may stand at a name, and signs it.
    pub(crate) fn prepare(
        &self,
        owner: &Name,
        record_type: RecordType,
        ttl: u32,
        data: Vec<RData>,
        signer: &Signer<'_>,
    ) -> Result<(Vec<u8>, Packed), ZoneError> {
        let owner = canonical(owner);
        self.check_place(&owner)?;
        self.check_type(&owner, record_type)?;
        let data = data.into_iter().map(canonical_data).collect();
        let mut set = RecordSet::new(record_type, ttl, data)
            .map_err(|error| ZoneError::Records(presentation(&owner), error))?;
        self.check_neighbours(&owner, &set)?;
        signer.sign(&owner, &mut set)?;
        Ok((self.nodes.key(&owner), set.pack()))
    }

    /// Applies a change to the names, then signs the denial chain where it changed, and the SOA.
    pub(crate) fn commit(
        &mut self,
        now: UnixTime,
        already_made: usize,
        apply: impl FnOnce(&mut Nodes, &mut Changed),
    ) -> Result<Change, ZoneError> {
        let mut nodes = self.nodes.clone();
        let mut changed = Changed::new();
        apply(&mut nodes, &mut changed);
        let changed: Vec<&[u8]> = changed.iter().map(AsRef::as_ref).collect();
        self.commit_nodes(nodes, &changed, already_made, now)
    }

    /// The same for names that are changed already.
    pub(crate) fn commit_nodes(
        &mut self,
        nodes: Nodes,
        changed: &[&[u8]],
        already_made: usize,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let mut next = Self {
            nodes,
            serial: next_serial(self.serial, now),
            ..self.clone()
        };
        let mut soa = next.soa();
        let signer = self.signer(now)?;
        signer.sign(self.origin(), &mut soa)?;
        // The apex has an SOA before and after.
        next.nodes.insert(&[], &soa.pack(), &mut Changed::new());
        let ttl = self.settings.negative_ttl;
        next.denial.update(changed, &next.nodes, ttl, &signer)?;
        let change = Change {
            serial: next.serial,
            signatures: already_made.saturating_add(signer.made()),
        };
        *self = next;
        Ok(change)
    }

    /// Every record set, those of the denial chain included.
    pub(crate) fn signed_sets(&self) -> impl Iterator<Item = Stored<'_>> {
        let sets = self.nodes.iter().flat_map(Node::sets);
        sets.chain(self.denial.sets())
    }

    pub(crate) fn signer(&self, now: UnixTime) -> Result<Signer<'_>, ZoneError> {
        Ok(Signer::new(&self.settings, self.signing_keys()?, now))
    }
}

/// The time in seconds, or one more than the last serial when that would not rise (RFC 1982).
pub(crate) fn next_serial(last: u32, now: UnixTime) -> u32 {
    let time = now.0 as u32;
    if SerialNumber::new(time) > SerialNumber::new(last) {
        time
    } else {
        last.wrapping_add(1)
    }
}
