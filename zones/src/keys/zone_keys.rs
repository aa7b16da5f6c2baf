//! The keys of a zone as they stand at one moment.

use std::sync::Arc;

use hickory_proto::dnssec::rdata::{CDNSKEY, CDS, DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{DigestType, PublicKey as _};
use hickory_proto::rr::{Name, RData, RecordType};

use super::signing_key::ds_of;
use super::{KeyTags, SigningKey};

/// The keys of a zone at one moment: which sign, which are shown, and what the parent is asked for.
///
/// One [`SigningKey`] becomes the keys of a zone that is signed by it alone.
#[derive(Debug, Clone)]
pub struct ZoneKeys {
    entry: Signers,
    zone: Signers,
    shown: Vec<DNSKEY>,
    request: DsRequest,
}

/// The key that signs, and while the zone changes its algorithm one of the other beside it.
#[derive(Debug, Clone)]
struct Signers {
    key: Arc<SigningKey>,
    beside: Option<Arc<SigningKey>>,
}

/// What a zone asks its parent for with CDS and CDNSKEY records (RFC 7344, RFC 8078).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DsRequest {
    /// Nothing: the zone has no such records, and the parent keeps what it has.
    None,
    /// The DS records of exactly these keys.
    Keys(Vec<DNSKEY>),
    /// No DS record any more: the zone is no longer to be proven (RFC 8078 §4).
    Delete,
}

impl ZoneKeys {
    /// Keys of different duties: `entry` signs the DNSKEY, CDS and CDNSKEY records, `zone` all
    /// others (they may be the same), and `shown` are further keys among the DNSKEY records.
    pub fn new(
        entry: Arc<SigningKey>,
        zone: Arc<SigningKey>,
        shown: impl IntoIterator<Item = DNSKEY>,
        request: DsRequest,
    ) -> Self {
        let mut all = vec![entry.dnskey().clone()];
        for dnskey in [zone.dnskey().clone()].into_iter().chain(shown) {
            if !all.contains(&dnskey) {
                all.push(dnskey);
            }
        }
        let alone = |key| Signers { key, beside: None };
        Self {
            entry: alone(entry),
            zone: alone(zone),
            shown: all,
            request,
        }
    }

    /// The same keys, and for each duty one of another algorithm that signs beside them
    /// (RFC 6781 §4.1.4). It is shown only where it is among the keys that are.
    #[must_use]
    pub fn beside(mut self, entry: Option<Arc<SigningKey>>, zone: Option<Arc<SigningKey>>) -> Self {
        self.entry.beside = entry;
        self.zone.beside = zone;
        self
    }

    /// The key that signs the DNSKEY records, and that the parent's DS record names.
    pub fn entry(&self) -> &Arc<SigningKey> {
        &self.entry.key
    }

    /// The key that signs all other records.
    pub fn zone(&self) -> &Arc<SigningKey> {
        &self.zone.key
    }

    /// All DNSKEY records.
    pub fn shown(&self) -> &[DNSKEY] {
        &self.shown
    }

    /// What the parent is asked for.
    pub fn request(&self) -> &DsRequest {
        &self.request
    }

    /// The DS records that the parent is to have for `zone` now: those asked for, and where
    /// nothing is, that of the entry key.
    pub fn ds(&self, zone: &Name) -> Vec<DS> {
        match &self.request {
            DsRequest::None => vec![self.entry.key.ds(zone)],
            DsRequest::Keys(keys) => keys.iter().filter_map(|key| ds(key, zone)).collect(),
            DsRequest::Delete => Vec::new(),
        }
    }

    /// The keys that sign records of this type.
    ///
    /// CDS and CDNSKEY must be signed by a key that DS and DNSKEY both hold (RFC 7344 §4.1).
    pub(crate) fn signers_of(&self, record_type: RecordType) -> impl Iterator<Item = &SigningKey> {
        self.signers(Self::is_of_keys(record_type)).iter()
    }

    /// The keys that sign all records but those that tell of the keys.
    pub(crate) fn zone_signers(&self) -> impl Iterator<Item = &SigningKey> {
        self.zone.iter()
    }

    /// The tags of the keys that sign what tells of the keys, or all else.
    pub(crate) fn tags_for(&self, of_keys: bool) -> Option<KeyTags> {
        KeyTags::of(self.signers(of_keys).iter().map(SigningKey::key_tag))
    }

    fn signers(&self, of_keys: bool) -> &Signers {
        if of_keys { &self.entry } else { &self.zone }
    }

    /// Whether records of this type tell of the zone's keys.
    pub(crate) fn is_of_keys(record_type: RecordType) -> bool {
        matches!(
            record_type,
            RecordType::DNSKEY | RecordType::CDS | RecordType::CDNSKEY
        )
    }

    /// The record sets that tell of the keys, all at the apex.
    pub(crate) fn records(&self, origin: &Name) -> Vec<(RecordType, Vec<RData>)> {
        let shown = self.shown.iter().cloned().map(RData::from).collect();
        let mut sets = vec![(RecordType::DNSKEY, shown)];
        sets.extend(request_records(origin, &self.request));
        sets
    }
}

impl Signers {
    fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        [Some(&self.key), self.beside.as_ref()]
            .into_iter()
            .flatten()
            .map(Arc::as_ref)
    }
}

/// The private halves stay out of it: keys with the same DNSKEY are the same.
impl PartialEq for ZoneKeys {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Signers, other: &Signers| {
            let other = other.iter().map(SigningKey::dnskey);
            one.iter().map(SigningKey::dnskey).eq(other)
        };
        same(&self.entry, &other.entry)
            && same(&self.zone, &other.zone)
            && self.shown == other.shown
            && self.request == other.request
    }
}

impl From<SigningKey> for ZoneKeys {
    fn from(key: SigningKey) -> Self {
        Self::from(Arc::new(key))
    }
}

impl From<Arc<SigningKey>> for ZoneKeys {
    fn from(key: Arc<SigningKey>) -> Self {
        Self::new(Arc::clone(&key), key, [], DsRequest::None)
    }
}

/// The CDS and CDNSKEY records of a zone that asks its parent for this.
pub(crate) fn request_records(origin: &Name, request: &DsRequest) -> Vec<(RecordType, Vec<RData>)> {
    let (cds, cdnskey): (Vec<CDS>, Vec<CDNSKEY>) = match request {
        DsRequest::None => return Vec::new(),
        DsRequest::Keys(keys) => (
            keys.iter()
                .filter_map(|key| ds(key, origin))
                .map(cds_of)
                .collect(),
            keys.iter().map(cdnskey_of).collect(),
        ),
        // `0 0 0 00` and `0 3 0 AA==` (RFC 8078 §4).
        DsRequest::Delete => (
            vec![CDS::new(0, None, DigestType::Unknown(0), vec![0])],
            vec![CDNSKEY::with_flags(0, None, vec![0])],
        ),
    };
    let cds = cds
        .into_iter()
        .map(|cds| RData::DNSSEC(DNSSECRData::CDS(cds)));
    let cdnskey = cdnskey
        .into_iter()
        .map(|key| RData::DNSSEC(DNSSECRData::CDNSKEY(key)));
    vec![
        (RecordType::CDS, cds.collect()),
        (RecordType::CDNSKEY, cdnskey.collect()),
    ]
}

/// The DS record of a key; none for one that no DNSKEY record could hold.
fn ds(dnskey: &DNSKEY, zone: &Name) -> Option<DS> {
    let key_tag = dnskey.calculate_key_tag().ok()?;
    Some(ds_of(dnskey, key_tag, zone))
}

fn cds_of(ds: DS) -> CDS {
    let digest = ds.digest().to_vec();
    CDS::new(ds.key_tag(), Some(ds.algorithm()), ds.digest_type(), digest)
}

fn cdnskey_of(key: &DNSKEY) -> CDNSKEY {
    let public = key.public_key();
    let bytes = public.public_bytes().to_vec();
    CDNSKEY::with_flags(key.flags(), Some(public.algorithm()), bytes)
}
