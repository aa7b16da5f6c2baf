//! Who a proven record says it is.

use alloc::{collections::BTreeSet, string::String};

use data_encoding::HEXLOWER;
use hickory_proto::rr::{Name, RecordType};
use ring::digest;

use super::Pin;
use crate::{Instructions, Verified};

/// The keys in a proven record, and those of the zone that signed it.
///
/// ```
/// use payname_resolver::{Handle, Proof, TrustAnchors, UnixTime, known::{Identity, KnownPayee, Recognition}};
///
/// # let bytes = hex::decode(include_str!("../../vectors/dnssec-prover-0.6.10-034-check_single_txt_proof.hex").trim())?;
/// let matt: Handle = "matt@mattcorallo.com".parse()?;
/// let now = UnixTime(1_786_000_000);
/// let proven = Proof::parse(&bytes)?.verify(&matt, &TrustAnchors::iana(), now)?.instructions()?;
/// let identity = Identity::of(&proven);
/// let known = KnownPayee::first_met(&identity, now);
/// let chosen = proven.value().methods().first();
/// assert!(matches!(known.recognise(&identity, chosen), Recognition::Same | Recognition::Unrecognisable));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The keys of all ways to pay that have a lasting one.
    pub pins: BTreeSet<Pin>,
    /// Digests (SHA-256, in hexadecimal) of the DNSKEY records of the zone that signed the record.
    pub zone_keys: BTreeSet<String>,
}

impl Identity {
    /// Reads it off a proven record.
    pub fn of(proven: &Verified<Instructions>) -> Self {
        let pins = proven.value().methods().iter().filter_map(Pin::of);
        let records = proven.proof().records();
        let keys = records
            .iter()
            .filter(|record| record.record_type() == RecordType::DNSKEY);
        // The zone nearest to the name; further ones sign delegations or aliases.
        let owner = proven.handle().owner_name();
        let above = keys
            .clone()
            .map(|record| record.name())
            .filter(|zone| zone.zone_of(owner));
        let nearest: Option<&Name> = above.max_by_key(|zone| zone.num_labels());
        let of_zone = keys.filter(|record| Some(record.name()) == nearest);
        let digests = of_zone.map(|record| {
            let digest = digest::digest(&digest::SHA256, record.rdata());
            HEXLOWER.encode(digest.as_ref())
        });
        Self {
            pins: pins.collect(),
            zone_keys: digests.collect(),
        }
    }
}
