//! The chain of a proof as data: which set was signed by whom, and what each denial shows.

use alloc::{collections::BTreeSet, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{
    Outcome, Proof, RecordSetName, ResourceRecord, TrustAnchors, canonical, name_from_wire,
    nsec::Nsec,
    nsec3::{Hashes, Nsec3},
    signature::{DnsKey, Ds, RrSig},
};
use crate::time::{UnixTime, Window};

/// How far a proof leads and by which links; made by [`Proof::explain`].
///
/// ```
/// use payname_resolver::{
///     Handle, Proof, TrustAnchors, UnixTime,
///     hickory_proto::rr::RecordType,
///     proof::{Detail, Digest, Key, Link, Shown, Voucher},
/// };
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-01-simple.hex").trim())?;
/// let handle: Handle = "simple@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let (owner, now) = (handle.owner_name(), UnixTime(1_754_700_000));
/// let explanation =
///     Proof::parse(&bytes)?.explain(owner, RecordType::TXT, &TrustAnchors::iana(), now);
/// let links: &[Link] = &explanation.links;
/// for link in links {
///     print!("{} signed by key {} of {}: ", link.record_set, link.key_tag, link.zone);
///     match &link.detail {
///         Detail::Keys(keys) => {
///             let vouched = |key: &&Key| matches!(key.voucher, Some(Voucher::Anchor | Voucher::Ds));
///             println!("{} keys, {} vouched for", keys.len(), keys.iter().filter(vouched).count());
///         }
///         Detail::Delegation(digests) => {
///             let tags: Vec<u16> = digests.iter().map(|digest: &Digest| digest.key_tag).collect();
///             println!("stands for the keys {tags:?}");
///         }
///         Detail::Alias(target) => println!("leads to {target}"),
///         Detail::Denial(shown) => {
///             let is_cover = |shown: &&Shown| matches!(shown, Shown::Covers(_));
///             println!("denies {} names", shown.iter().filter(is_cover).count());
///         }
///         _ => println!("what was asked for"),
///     }
/// }
/// let zones: Vec<String> = explanation.zones().map(ToString::to_string).collect();
/// assert_eq!(zones, [".", "ninja.", "bitcoin.ninja."]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The judgement.
    pub outcome: Outcome,
    /// The signed sets that it rests on, the root's first. When the outcome is
    /// [`Bogus`](Outcome::Bogus), those that hold above the break.
    pub links: Vec<Link>,
}

/// One signed record set of a chain. Its signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The set.
    pub record_set: RecordSetName,
    /// The zone that signed it.
    pub zone: Name,
    /// The key that signed it.
    pub key_tag: u16,
    /// The algorithm number (8, 10, 13, 14 or 15).
    pub algorithm: u8,
    /// When the signature is valid.
    pub window: Window,
    /// The signed TTL in seconds.
    pub original_ttl: u32,
    /// The wildcard that the set was made from, such as `*.example.com.`
    pub wildcard: Option<Name>,
    /// What the set says.
    pub detail: Detail,
}

/// What a signed set says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// DNSKEY: the zone's keys.
    Keys(Vec<Key>),
    /// DS: the parent's word on the zone's keys.
    Delegation(Vec<Digest>),
    /// CNAME or DNAME: where the name leads.
    Alias(Name),
    /// NSEC or NSEC3: what does not exist.
    Denial(Vec<Shown>),
    /// The records asked for, or others; how many there are.
    Records(usize),
}

/// A key of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key tag (RFC 4034 appendix B).
    pub key_tag: u16,
    /// The algorithm number.
    pub algorithm: u8,
    /// The flags: 257 for a key-signing key, 256 for a zone-signing key.
    pub flags: u16,
    /// What vouches for it; nothing when another key of the set does.
    pub voucher: Option<Voucher>,
}

/// What vouches for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voucher {
    /// A trust anchor.
    Anchor,
    /// A DS record of the parent.
    Ds,
}

/// A DS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The tag of the key it stands for.
    pub key_tag: u16,
    /// The algorithm of that key.
    pub algorithm: u8,
    /// The digest type: 1, 2 or 4.
    pub digest_type: u8,
}

/// What one denial record shows about a name on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The record stands at the name: it exists, with the types that the record lists.
    Matches(Name),
    /// The name lies between the record and the next one: it does not exist.
    Covers(Name),
}

impl Explanation {
    /// The zones whose keys are proven, the root's first.
    pub fn zones(&self) -> impl Iterator<Item = &Name> {
        let is_zone = |link: &&Link| matches!(link.detail, Detail::Keys(_));
        self.links
            .iter()
            .filter(is_zone)
            .map(|link| &link.record_set.owner)
    }
}

impl Proof {
    /// Judges as [`Proof::judge`] does, and tells the chain. Costs several judgements.
    pub fn explain(
        &self,
        owner: &Name,
        record_type: RecordType,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Explanation {
        let outcome = self.judge(owner, record_type, anchors, now);
        let (proof, last) = match &outcome {
            Outcome::Secure(secure) => (secure.proof.clone(), secure.owner.clone()),
            Outcome::Denied(denial) => (denial.proof.clone(), denial.owner.clone()),
            Outcome::Insecure(insecure) => (insecure.proof.clone(), insecure.zone.clone()),
            Outcome::Bogus(bogus) => {
                let above = &bogus.record_set.owner;
                (self.deepest_zone(above, anchors, now), above.clone())
            }
        };
        let links = Describe {
            proof: &proof,
            anchors,
            now,
            names: names_of_interest(&proof, owner, &last),
        };
        Explanation {
            outcome,
            links: links.links(),
        }
    }

    /// The proof of the keys of the deepest zone above `name` whose keys can be proven.
    fn deepest_zone(&self, name: &Name, anchors: &TrustAnchors, now: UnixTime) -> Self {
        let mut zone = name.clone();
        loop {
            if let Outcome::Secure(secure) = self.judge(&zone, RecordType::DNSKEY, anchors, now) {
                return secure.proof;
            }
            if zone.is_root() {
                return Self {
                    records: Vec::new(),
                };
            }
            zone = zone.base_name();
        }
    }
}

/// The names that a denial may speak of: those asked for, their ancestors, and the wildcards there.
fn names_of_interest(proof: &Proof, first: &Name, last: &Name) -> BTreeSet<Name> {
    let aliases = proof
        .records()
        .iter()
        .filter(|record| record.record_type() == RecordType::CNAME);
    let targets = aliases.filter_map(|record| name_from_wire(record.rdata()));
    let mut names = BTreeSet::new();
    for name in [first.to_lowercase(), last.clone()]
        .into_iter()
        .chain(targets)
    {
        let mut ancestor = name;
        ancestor.set_fqdn(true);
        while !ancestor.is_root() {
            names.insert(ancestor.clone());
            ancestor = ancestor.base_name();
            names.extend(ancestor.prepend_label("*"));
        }
    }
    names
}

/// Describes a minimised proof: every signature in it was checked.
struct Describe<'a> {
    proof: &'a Proof,
    anchors: &'a TrustAnchors,
    now: UnixTime,
    names: BTreeSet<Name>,
}

impl Describe<'_> {
    /// All links: zone by zone from the root, and in each its delegation, its keys, and the rest.
    fn links(&self) -> Vec<Link> {
        let mut hashes = Hashes::default();
        let mut links: Vec<Link> = self
            .proof
            .records()
            .iter()
            .filter(|record| record.record_type() == RecordType::RRSIG)
            .filter_map(|record| self.link(record, &mut hashes))
            .collect();
        links.sort_by_key(|link| {
            let rank = match link.detail {
                Detail::Delegation(_) => (link.record_set.owner.iter().count(), 0),
                Detail::Keys(_) => (link.record_set.owner.iter().count(), 1),
                Detail::Alias(_) => (usize::MAX, 0),
                Detail::Records(_) => (usize::MAX, 1),
                Detail::Denial(_) => (usize::MAX, 2),
            };
            (rank, link.record_set.owner.clone())
        });
        links
    }

    fn link(&self, record: &ResourceRecord, hashes: &mut Hashes) -> Option<Link> {
        let signature = RrSig::read(record.rdata())?;
        let owner = record.name();
        let labels = usize::from(signature.labels);
        let from_wildcard = labels < canonical::label_count(owner);
        Some(Link {
            record_set: RecordSetName {
                owner: owner.clone(),
                record_type: signature.covered,
            },
            key_tag: signature.key_tag,
            algorithm: signature.algorithm,
            window: signature.window(self.now),
            original_ttl: signature.original_ttl,
            wildcard: from_wildcard
                .then(|| owner.trim_to(labels).prepend_label("*").ok())
                .flatten(),
            detail: self.detail(owner, signature.covered, &signature.signer, hashes),
            zone: signature.signer,
        })
    }

    fn detail(
        &self,
        owner: &Name,
        record_type: RecordType,
        zone: &Name,
        hashes: &mut Hashes,
    ) -> Detail {
        let records = || self.set(owner, record_type);
        match record_type {
            RecordType::DNSKEY => Detail::Keys(self.keys(owner)),
            RecordType::DS => Detail::Delegation(
                records()
                    .filter_map(|record| Ds::read(record.rdata()))
                    .map(
                        |Ds {
                             key_tag,
                             algorithm,
                             digest_type,
                             ..
                         }| Digest {
                            key_tag,
                            algorithm,
                            digest_type,
                        },
                    )
                    .collect(),
            ),
            RecordType::CNAME | RecordType::DNAME => records()
                .find_map(|record| name_from_wire(record.rdata()))
                .map_or(Detail::Records(0), Detail::Alias),
            RecordType::NSEC => Detail::Denial(
                records()
                    .filter_map(|record| Nsec::read(owner, record.rdata()))
                    .flat_map(|nsec| {
                        self.shown(|name| nsec.owner == name, |name| nsec.covers(zone, name))
                    })
                    .collect(),
            ),
            RecordType::NSEC3 => Detail::Denial(self.shown_by_nsec3(owner, zone, hashes)),
            _ => Detail::Records(records().count()),
        }
    }

    fn keys(&self, zone: &Name) -> Vec<Key> {
        let digests: Vec<Ds> = self
            .set(zone, RecordType::DS)
            .filter_map(|record| Ds::read(record.rdata()))
            .collect();
        self.set(zone, RecordType::DNSKEY)
            .filter_map(|record| DnsKey::read(record.rdata()))
            .map(|key| Key {
                key_tag: key.tag,
                algorithm: key.algorithm,
                flags: key.flags(),
                voucher: if self.anchors.trusts(zone, &key) {
                    Some(Voucher::Anchor)
                } else {
                    digests
                        .iter()
                        .any(|ds| ds.matches(zone, &key))
                        .then_some(Voucher::Ds)
                },
            })
            .collect()
    }

    fn shown_by_nsec3(&self, owner: &Name, zone: &Name, hashes: &mut Hashes) -> Vec<Shown> {
        let mut shown = Vec::new();
        for record in self.set(owner, RecordType::NSEC3) {
            let Some(nsec3) = Nsec3::read(zone, owner, record.rdata()) else {
                continue;
            };
            for name in self.names.iter().filter(|name| zone.zone_of(name)) {
                if nsec3.matches(hashes, name) {
                    shown.push(Shown::Matches(name.clone()));
                } else if nsec3.covers(hashes, name) {
                    shown.push(Shown::Covers(name.clone()));
                }
            }
        }
        shown
    }

    fn shown(&self, matches: impl Fn(&Name) -> bool, covers: impl Fn(&Name) -> bool) -> Vec<Shown> {
        self.names
            .iter()
            .filter_map(|name| {
                if matches(name) {
                    Some(Shown::Matches(name.clone()))
                } else {
                    covers(name).then(|| Shown::Covers(name.clone()))
                }
            })
            .collect()
    }

    fn set(&self, owner: &Name, record_type: RecordType) -> impl Iterator<Item = &ResourceRecord> {
        self.proof
            .records()
            .iter()
            .filter(move |record| record.record_type() == record_type && record.name() == owner)
    }
}
