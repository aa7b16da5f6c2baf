//! Signing one record set (RFC 4034 §3, RFC 4035 §2.2).

mod draft;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::dnssec::rdata::{RRSIG, SigInput};
use hickory_proto::dnssec::{DnsSecError, TBS};
use hickory_proto::rr::{Name, RecordType, SerialNumber};
use payname_resolver::UnixTime;

use crate::keys::{KeyTags, SigningKey, ZoneKeys};
use crate::names::{from_wire, presentation, wire};
use crate::packed::Stored;
use crate::record_set::{RecordSet, Signatures};
use crate::settings::Settings;
use draft::Head;

pub(crate) use draft::Draft;

/// How many signatures a thread makes at least before another helps: waking it costs as much as one.
pub(crate) const AT_A_TIME: usize = 16;

/// How long signatures last.
///
/// The validity bounds how long an old record can be replayed: short is safer, and must still
/// outlast the time the signer may be out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignaturePolicy {
    /// How far before now a signature begins, for verifiers whose clocks are late.
    pub backdate: Duration,
    /// How far after now a signature ends, at the latest.
    pub validity: Duration,
    /// How much sooner it may end: each record set by an amount of its own, always the same, so
    /// that sets which were signed together are not all to be signed again together.
    pub jitter: Duration,
}

impl SignaturePolicy {
    /// When a signature of this set ends that is made now; its owner is in lower-case wire form.
    fn end(&self, now: UnixTime, owner: &[u8], record_type: RecordType) -> UnixTime {
        let jitter = self.jitter.as_secs().min(self.validity.as_secs());
        let spread = fingerprint(owner, record_type).checked_rem(jitter.saturating_add(1));
        let sooner = spread.unwrap_or(0);
        now.plus(self.validity.as_secs().saturating_sub(sooner))
    }
}

/// A number for a record set that tells it from others (FNV-1a); nothing secret hangs on it.
fn fingerprint(owner: &[u8], record_type: RecordType) -> u64 {
    let record_type = u16::from(record_type).to_be_bytes();
    let octets = owner.iter().copied().chain(record_type);
    octets.fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Default for SignaturePolicy {
    /// One hour back, seven days ahead, no jitter.
    fn default() -> Self {
        Self {
            backdate: Duration::from_secs(3600),
            validity: Duration::from_secs(7 * 24 * 3600),
            jitter: Duration::ZERO,
        }
    }
}

/// Which signatures are made again: those that end too soon, those that only a wrong clock can
/// have made, and those of a key that has given its work to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renewal<'a> {
    keys: &'a ZoneKeys,
    before: UnixTime,
    latest: UnixTime,
    /// The least urgent that is taken now.
    least: UnixTime,
    /// Those that begin later are made again, whenever they end.
    begun: UnixTime,
    most: usize,
}

impl<'a> Renewal<'a> {
    /// Signatures that end before `before`, or later than one made `now` would.
    pub(crate) fn new(
        keys: &'a ZoneKeys,
        policy: SignaturePolicy,
        before: UnixTime,
        now: UnixTime,
    ) -> Self {
        Self {
            keys,
            before,
            latest: now.plus(policy.validity.as_secs()),
            least: UnixTime(u64::MAX),
            begun: UnixTime(u64::MAX),
            most: usize::MAX,
        }
    }

    /// About so many signatures that begin after `sure`, and no others.
    pub(crate) fn unbegun(keys: &'a ZoneKeys, most: usize, sure: UnixTime) -> Self {
        Self {
            keys,
            before: UnixTime(0),
            latest: UnixTime(u64::MAX),
            least: UnixTime(0),
            begun: sure,
            most: most.max(1),
        }
    }

    /// Only about so many of them, the most urgent; `ends` tells how many of what urgency there are.
    pub(crate) fn at_most(self, most: usize, ends: impl Iterator<Item = (UnixTime, u32)>) -> Self {
        let mut ends: Vec<(UnixTime, u32)> = ends.collect();
        ends.sort_unstable();
        let mut count = 0_usize;
        let enough = ends.iter().find(|(_, more)| {
            count = count.saturating_add(usize::try_from(*more).unwrap_or(usize::MAX));
            count >= most
        });
        Self {
            least: enough.map_or(self.least, |(urgency, _)| *urgency),
            most: most.max(1),
            ..self
        }
    }

    /// How many more signatures are to be made now.
    pub(crate) fn left(&self, made: usize) -> usize {
        self.most.saturating_sub(made)
    }

    /// How urgent it is to make a signature again: when it ends, or at once where it may not have
    /// begun. The earlier, the more urgent.
    pub(crate) fn urgency(&self, end: UnixTime) -> UnixTime {
        if end > self.latest { UnixTime(0) } else { end }
    }

    /// Whether a set is to be signed again; one that is not signed never is.
    pub(crate) fn is_due(&self, set: &Stored<'_>) -> bool {
        let of_keys = ZoneKeys::is_of_keys(set.record_type());
        let due = |end| {
            set.key_tags()
                .is_some_and(|tags| self.is_over(of_keys, tags, end))
        };
        let is_unbegun = || set.begins_at().is_some_and(|begin| begin > self.begun);
        set.expires_at().is_some_and(due) || (self.begun.0 < u64::MAX && is_unbegun())
    }

    /// Whether signatures of these keys that end then are to be made again.
    pub(crate) fn is_over(&self, of_keys: bool, key_tags: KeyTags, end: UnixTime) -> bool {
        let is_theirs = self.keys.tags_for(of_keys) == Some(key_tags);
        let is_over = end < self.before || end > self.latest || !is_theirs;
        is_over && self.urgency(end) <= self.least
    }
}

/// One signing session: a zone's keys and policy at one moment, counting its signatures.
pub(crate) struct Signer<'a> {
    origin: &'a Name,
    /// The same in lower-case wire form.
    origin_wire: Vec<u8>,
    keys: &'a ZoneKeys,
    policy: SignaturePolicy,
    now: UnixTime,
    made: AtomicUsize,
}

impl<'a> Signer<'a> {
    pub(crate) fn new(settings: &'a Settings, keys: &'a ZoneKeys, now: UnixTime) -> Self {
        Self {
            origin: &settings.origin,
            origin_wire: wire(&settings.origin),
            keys,
            policy: settings.signatures,
            now,
            made: AtomicUsize::new(0),
        }
    }

    /// How many signatures this session has made.
    pub(crate) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// The origin in lower-case wire form.
    pub(crate) fn origin_wire(&self) -> &[u8] {
        &self.origin_wire
    }

    fn count(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// When signatures begin.
    pub(crate) fn begins_at(&self) -> UnixTime {
        UnixTime(self.now.0.saturating_sub(self.policy.backdate.as_secs()))
    }

    /// The same as signatures tell it: the low 32 bits of the UNIX time (RFC 4034 §3.1.5).
    fn inception(&self) -> u32 {
        self.begins_at().0 as u32
    }

    /// Signs a set that lives at `owner`, replacing the signatures it has.
    pub(crate) fn sign(&self, owner: &Name, set: &mut RecordSet) -> Result<(), SignError> {
        let expires = self.policy.end(self.now, &wire(owner), set.record_type());
        let signers = self.keys.signers_of(set.record_type());
        let made = signers.map(|key| self.signature(key, owner, set, expires));
        let rrsigs = made.collect::<Result<Vec<_>, _>>()?;
        set.set_signatures(Signatures { rrsigs, expires });
        Ok(())
    }

    /// One key's signature.
    fn signature(
        &self,
        key: &SigningKey,
        owner: &Name,
        set: &RecordSet,
        expires: UnixTime,
    ) -> Result<RRSIG, SignError> {
        let input = SigInput {
            type_covered: set.record_type(),
            algorithm: key.algorithm().in_records(),
            num_labels: owner.num_labels(), // does not count a leading `*`, as RFC 4034 §3.1.3 asks
            original_ttl: set.ttl(),
            sig_expiration: SerialNumber::new(expires.0 as u32),
            sig_inception: SerialNumber::new(self.inception()),
            key_tag: key.key_tag(),
            signer_name: self.origin.clone(),
        };
        let failed = |source| SignError::at(presentation(owner), set.record_type(), source);
        let tbs = to_be_signed(owner, set, &input).map_err(failed)?;
        let signature = key.sign(&tbs).map_err(failed)?;
        self.count();
        Ok(RRSIG::from_sig(input, signature))
    }
}

/// What is signed (RFC 4034 §3.1.8.1).
fn to_be_signed(owner: &Name, set: &RecordSet, input: &SigInput) -> Result<TBS, DnsSecError> {
    let head = Head {
        record_type: set.record_type(),
        algorithm: u8::from(input.algorithm),
        labels: input.num_labels,
        ttl: input.original_ttl,
        expiration: input.sig_expiration.get(),
        inception: input.sig_inception.get(),
        key_tag: input.key_tag,
        signer: &wire(&input.signer_name),
    };
    let draft = Draft::of(set).ok_or("the data of a record has no wire form")?;
    Ok(draft.to_be_signed(&head.to_bytes(), &wire(owner)))
}

/// A record set could not be signed; the set it was meant to replace is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign the {record_type} records of {owner}")]
pub struct SignError {
    owner: String,
    record_type: RecordType,
    source: Box<DnsSecError>,
}

impl SignError {
    fn at(owner: String, record_type: RecordType, source: DnsSecError) -> Self {
        Self {
            owner,
            record_type,
            source: Box::new(source),
        }
    }

    /// With the owner in wire form.
    fn at_wire(owner: &[u8], record_type: RecordType, source: DnsSecError) -> Self {
        let owner = from_wire(owner).map_or_else(String::new, |owner| presentation(&owner));
        Self::at(owner, record_type, source)
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::Algorithm;
    use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
    use hickory_proto::rr::rdata::{A, AAAA, MX, NULL, SRV};
    use hickory_proto::rr::{DNSClass, RData, Record};

    use super::*;
    use crate::record_set::txt;

    #[test]
    fn what_is_signed_is_what_hickory_would_have_signed() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let text = |text: &[u8]| RData::TXT(txt(text));
        let nsec = NSEC::new(
            name("b.example.test."),
            [RecordType::TXT, RecordType::RRSIG],
        );
        let sets = [
            vec![text(b"z"), text(&[b'a'; 700]), text(b""), text(b"aa")],
            vec![RData::A(A::new(192, 0, 2, 1)), RData::A(A::new(9, 0, 2, 1))],
            vec![RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))],
            vec![RData::DNSSEC(DNSSECRData::NSEC(nsec))],
            vec![
                // Hickory sorts before it puts into lower case.
                RData::MX(MX::new(10, name("b.example.TEST."))),
                RData::MX(MX::new(10, name("A.Example.test."))),
            ],
            vec![RData::SRV(SRV::new(1, 2, 3, name("A.Example.test.")))],
        ];
        for (data, owner) in sets
            .into_iter()
            .flat_map(|data| ["a.example.test.", "*.Example.test."].map(|o| (data.clone(), o)))
        {
            let (owner, record_type) = (name(owner), data[0].record_type());
            let set = RecordSet::new(record_type, 300, data).unwrap();
            let input = SigInput {
                type_covered: record_type,
                algorithm: Algorithm::ECDSAP256SHA256,
                num_labels: owner.num_labels(),
                original_ttl: 300,
                sig_expiration: SerialNumber::new(4_000_000_000),
                sig_inception: SerialNumber::new(1_785_988_800),
                key_tag: 4711,
                signer_name: name("example.test."),
            };
            let records: Vec<Record> = set.records(&owner);
            let theirs = TBS::from_input(&owner, DNSClass::IN, &input, records.iter()).unwrap();
            let ours = to_be_signed(&owner, &set, &input).unwrap();
            assert_eq!(ours.as_ref(), theirs.as_ref());
        }
    }

    #[test]
    fn sets_that_an_earlier_release_stored_with_capital_letters_are_signed_in_lower_case() {
        let data = |texts: [&[u8]; 2]| {
            let rp = |text: &[u8]| RData::Unknown {
                code: RecordType::Unknown(17),
                rdata: NULL::with(text.to_vec()),
            };
            texts.map(rp).to_vec()
        };
        let signed = |data: Vec<RData>| {
            let set = RecordSet::stored(RecordType::Unknown(17), 300, data, None);
            let draft = Draft::of(&set).unwrap();
            draft.to_be_signed(b"", b"\0").as_ref().to_vec()
        };
        let stored = signed(data([b"\x01B\0\0", b"\x01a\x01T\0\0"]));
        assert_eq!(stored, signed(data([b"\x01a\x01t\0\0", b"\x01b\0\0"])));
        assert_eq!(signed(data([b"\x01b\0\0", b"\x01B\0\0"])).len(), 1 + 10 + 4);
    }
}
