//! A signer that builds any chain, well-formed or wrong on purpose, under its own root.

mod key;
mod nsec3;
mod record;
mod rsa;

use data_encoding::HEXLOWER;
use payname_resolver::{
    Outcome, Proof, TrustAnchors, UnixTime,
    hickory_proto::rr::{Name, RecordType},
    proof::{DenialKind, Secure},
};

pub(crate) use key::Key;
pub(crate) use nsec3::{Nsec3, step};
pub(crate) use record::{Rr, expanded, nsec, txt, wire_name};

/// The clock of all forged proofs, in 2027.
pub(crate) const NOW: u64 = 1_800_000_000;

/// A zone and its keys: the first signs the keys, the last everything else.
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) keys: Vec<Key>,
}

/// What an RRSIG says, all of it open to lies. The signature is good over just these claims.
pub(crate) struct Claims {
    pub(crate) covered: RecordType,
    pub(crate) algorithm: u8,
    pub(crate) labels: u8,
    pub(crate) original_ttl: u32,
    pub(crate) expiration: u32,
    pub(crate) inception: u32,
    pub(crate) key_tag: u16,
    pub(crate) signer: String,
    /// The owner name in the signed bytes, which no field of the record shows.
    pub(crate) signed_owner: String,
}

impl Zone {
    /// A zone with one ECDSA P-256 key.
    pub(crate) fn new(name: &str) -> Self {
        Self::with_keys(name, vec![Key::p256()])
    }

    pub(crate) fn with_keys(name: &str, keys: Vec<Key>) -> Self {
        Self {
            name: name.to_owned(),
            keys,
        }
    }

    /// The signed DNSKEY records.
    pub(crate) fn dnskeys(&self) -> Vec<Rr> {
        self.dnskeys_with(|_| {})
    }

    /// The signed DNSKEY records, with a lie in the RRSIG.
    pub(crate) fn dnskeys_with(&self, lie: impl FnOnce(&mut Claims)) -> Vec<Rr> {
        let rdatas: Vec<Vec<u8>> = self.keys.iter().map(Key::rdata).collect();
        let key = self.keys.first().unwrap();
        signed(
            &self.name,
            key,
            &self.name,
            RecordType::DNSKEY,
            &rdatas,
            lie,
        )
    }

    /// Records with an RRSIG by this zone.
    pub(crate) fn set(&self, owner: &str, record_type: RecordType, rdatas: &[Vec<u8>]) -> Vec<Rr> {
        self.set_with(owner, record_type, rdatas, |_| {})
    }

    /// Records with an RRSIG that lies.
    pub(crate) fn set_with(
        &self,
        owner: &str,
        record_type: RecordType,
        rdatas: &[Vec<u8>],
        lie: impl FnOnce(&mut Claims),
    ) -> Vec<Rr> {
        let key = self.keys.last().unwrap();
        signed(&self.name, key, owner, record_type, rdatas, lie)
    }

    /// The delegation to a signed child: its DS record with a SHA-256 digest.
    pub(crate) fn delegates(&self, child: &Self) -> Vec<Rr> {
        self.delegates_by(child, &[2])
    }

    /// The delegation with these digest types.
    pub(crate) fn delegates_by(&self, child: &Self, digest_types: &[u8]) -> Vec<Rr> {
        let key = child.keys.first().unwrap();
        let rdatas: Vec<Vec<u8>> = digest_types
            .iter()
            .map(|digest_type| key.ds(&child.name, *digest_type))
            .collect();
        self.set(&child.name, RecordType::DS, &rdatas)
    }

    /// One signed NSEC record.
    pub(crate) fn nsec(&self, owner: &str, next: &str, types: &[RecordType]) -> Vec<Rr> {
        self.set(owner, RecordType::NSEC, &[nsec(next, types)])
    }

    /// A signed `bitcoin:` TXT record.
    pub(crate) fn pays(&self, owner: &str) -> Vec<Rr> {
        self.set(owner, RecordType::TXT, &[txt(&["bitcoin:?lno=honest"])])
    }

    /// The trust anchor for this zone.
    pub(crate) fn anchor(&self) -> TrustAnchors {
        let key = self.keys.first().unwrap();
        let digest = HEXLOWER.encode(&key.ds(&self.name, 2)[4..]);
        let (name, tag, algorithm) = (&self.name, key.tag(), key.algorithm);
        TrustAnchors::parse(&format!("{name} IN DS {tag} {algorithm} 2 {digest}")).unwrap()
    }
}

/// Records and the RRSIG over them, in the name of `zone`, by any key.
pub(crate) fn signed(
    zone: &str,
    key: &Key,
    owner: &str,
    record_type: RecordType,
    rdatas: &[Vec<u8>],
    lie: impl FnOnce(&mut Claims),
) -> Vec<Rr> {
    let mut records: Vec<Rr> = rdatas
        .iter()
        .map(|rdata| Rr::new(owner, record_type, rdata.clone()))
        .collect();
    records.push(rrsig(zone, key, owner, record_type, rdatas, lie));
    records
}

/// The RRSIG over the given canonical RDATA (RFC 4034 §3.1.8.1).
pub(crate) fn rrsig(
    zone: &str,
    key: &Key,
    owner: &str,
    record_type: RecordType,
    rdatas: &[Vec<u8>],
    lie: impl FnOnce(&mut Claims),
) -> Rr {
    let is_counted = |label: &&str| !label.is_empty() && *label != "*";
    let mut claims = Claims {
        covered: record_type,
        algorithm: key.algorithm,
        labels: owner.split('.').filter(is_counted).count() as u8,
        original_ttl: 3600,
        expiration: (NOW + 86_400) as u32,
        inception: (NOW - 3600) as u32,
        key_tag: key.tag(),
        signer: zone.to_owned(),
        signed_owner: owner.to_owned(),
    };
    lie(&mut claims);
    let mut rdata = u16::from(claims.covered).to_be_bytes().to_vec();
    rdata.extend([claims.algorithm, claims.labels]);
    rdata.extend(claims.original_ttl.to_be_bytes());
    rdata.extend(claims.expiration.to_be_bytes());
    rdata.extend(claims.inception.to_be_bytes());
    rdata.extend(claims.key_tag.to_be_bytes());
    let mut message = rdata.clone();
    message.extend(wire_name(&claims.signer.to_ascii_lowercase()));
    let mut sorted = rdatas.to_vec();
    sorted.sort();
    sorted.dedup();
    for item in &sorted {
        message.extend(wire_name(&claims.signed_owner.to_ascii_lowercase()));
        message.extend(u16::from(record_type).to_be_bytes());
        message.extend(1u16.to_be_bytes());
        message.extend(claims.original_ttl.to_be_bytes());
        message.extend(u16::try_from(item.len()).unwrap().to_be_bytes());
        message.extend(item);
    }
    rdata.extend(wire_name(&claims.signer));
    rdata.extend(key.sign(&message));
    Rr::new(owner, RecordType::RRSIG, rdata)
}

/// The keys and delegations of zones, each the parent of the next.
pub(crate) fn chain(zones: &[&Zone]) -> Vec<Rr> {
    let keys = zones.iter().flat_map(|zone| zone.dnskeys());
    let delegations = zones.windows(2).flat_map(|pair| pair[0].delegates(pair[1]));
    keys.chain(delegations).collect()
}

/// A root, `test.` below it, and `pay.test.` below that.
pub(crate) struct World {
    pub(crate) root: Zone,
    pub(crate) tld: Zone,
    pub(crate) zone: Zone,
}

/// Where the payment record of most scenes stands.
pub(crate) const ALICE: &str = "alice.pay.test.";

impl World {
    pub(crate) fn new() -> Self {
        Self::with_zone(Zone::new("pay.test."))
    }

    /// The same with other keys in `pay.test.`, or another zone in its place.
    pub(crate) fn with_zone(zone: Zone) -> Self {
        Self {
            root: Zone::new("."),
            tld: Zone::new("test."),
            zone,
        }
    }

    /// The honest chain down to the zone's keys.
    pub(crate) fn chain(&self) -> Vec<Rr> {
        chain(&[&self.root, &self.tld, &self.zone])
    }

    /// What the honest chain and these records say of the TXT records at `owner`.
    pub(crate) fn verdict(&self, records: &[&[Rr]], owner: &str) -> &'static str {
        let chain = self.chain();
        let mut all = vec![chain.as_slice()];
        all.extend(records);
        self.judge(&all, owner)
    }

    /// What these records alone say of the TXT records at `owner`.
    pub(crate) fn judge(&self, records: &[&[Rr]], owner: &str) -> &'static str {
        verdict(&judge(&self.root, records, owner, RecordType::TXT))
    }

    /// The secure answer of the honest chain and these records.
    pub(crate) fn secure(&self, records: &[&[Rr]], owner: &str) -> Secure {
        let chain = self.chain();
        let mut all = vec![chain.as_slice()];
        all.extend(records);
        match judge(&self.root, &all, owner, RecordType::TXT) {
            Outcome::Secure(secure) => secure,
            other => panic!("{other:?}"),
        }
    }
}

/// The judgement at [`NOW`] under the key of `root`.
pub(crate) fn judge(
    root: &Zone,
    records: &[&[Rr]],
    owner: &str,
    record_type: RecordType,
) -> Outcome {
    judge_at(root, records, owner, record_type, NOW)
}

/// The judgement at any time.
pub(crate) fn judge_at(
    root: &Zone,
    records: &[&[Rr]],
    owner: &str,
    record_type: RecordType,
    now: u64,
) -> Outcome {
    let owner = Name::from_ascii(owner).unwrap();
    proof(records).judge(&owner, record_type, &root.anchor(), UnixTime(now))
}

/// The proof that these records make.
pub(crate) fn proof(records: &[&[Rr]]) -> Proof {
    let bytes: Vec<u8> = records.concat().iter().flat_map(Rr::wire).collect();
    Proof::parse(&bytes).unwrap()
}

/// An outcome in one word: `secure`, `nxdomain`, `nodata`, `insecure`, or why it is bogus.
pub(crate) fn verdict(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Secure(_) => "secure",
        Outcome::Denied(denial) => match denial.kind {
            DenialKind::NxDomain => "nxdomain",
            DenialKind::NoData => "nodata",
        },
        Outcome::Insecure(_) => "insecure",
        Outcome::Bogus(bogus) => bogus.reason.code(),
    }
}
