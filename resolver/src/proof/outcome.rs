//! What a proof shows: the four outcomes, each with its evidence.

use alloc::vec::Vec;
use core::fmt;

use hickory_proto::rr::{Name, RecordType};

use super::{Proof, ResourceRecord};
use crate::time::{UnixTime, Window};

/// The judgement on a proof (RFC 4033 §5, with the denials told apart).
///
/// Any name and type can be asked about; this proves that a domain has no key for its mail server:
///
/// ```
/// use payname_resolver::{
///     Outcome, Proof, TrustAnchors, UnixTime,
///     hickory_proto::rr::{Name, RecordType},
///     proof::{Bogus, Denial, DenialKind, Insecure, Secure},
/// };
///
/// # let anchors = TrustAnchors::parse(
/// #     ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4",
/// # )?;
/// # let bytes = hex::decode(include_str!("../../vectors/rfc9102-denial-nsec.hex").trim())?;
/// let owner = Name::from_ascii("_25._tcp.smtp.example.com.")?;
/// let now = UnixTime(1_575_115_200);
/// let outcome = Proof::parse(&bytes)?.judge(&owner, RecordType::TLSA, &anchors, now);
/// let said = match &outcome {
///     Outcome::Secure(Secure { records, .. }) => format!("{} records", records.len()),
///     Outcome::Denied(Denial { kind: DenialKind::NxDomain, owner, .. }) => format!("no {owner}"),
///     Outcome::Denied(Denial { zone, .. }) => format!("none, says {zone}"),
///     Outcome::Insecure(Insecure { zone, .. }) => format!("{zone} is not signed"),
///     Outcome::Bogus(Bogus { record_set, reason, .. }) => format!("{record_set}: {reason}"),
/// };
/// assert_eq!(said, "no _25._tcp.smtp.example.com.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The records are what the zone's owner published.
    Secure(Secure),
    /// The zone's owner says that there are none.
    Denied(Denial),
    /// The chain ends at a delegation that is proven to be unsigned.
    Insecure(Insecure),
    /// Nothing is shown.
    Bogus(Bogus),
}

/// Records proven from a trust anchor down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secure {
    /// Where the records stand, after CNAME and DNAME; lower case.
    pub owner: Name,
    /// The records, in canonical order (RFC 4034 §6.3), without duplicates.
    pub records: Vec<ResourceRecord>,
    /// When all signatures on the path are valid.
    pub window: Window,
    /// How long the answer may be kept from now, in seconds: the lowest signed TTL on the path,
    /// cut at the end of the window.
    pub cache_ttl: u32,
    /// The same proof without the records that were not needed.
    pub proof: Proof,
}

/// A proof that there is nothing (RFC 4035 §5.4, RFC 5155 §8, RFC 9824).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What is missing.
    pub kind: DenialKind,
    /// The name that is denied, after CNAME and DNAME; lower case.
    pub owner: Name,
    /// The zone that denies it.
    pub zone: Name,
    /// When all signatures on the path are valid.
    pub window: Window,
    /// How long the answer may be kept from now, in seconds.
    pub cache_ttl: u32,
    /// The same proof without the records that were not needed.
    pub proof: Proof,
}

/// What a denial denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialKind {
    /// The name does not exist.
    NxDomain,
    /// The name exists (or a name below it), without records of the type.
    NoData,
}

/// A proof that a delegation has no DS record, so that nothing below it can be proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insecure {
    /// The unsigned zone.
    pub zone: Name,
    /// The signed zone that says so.
    pub parent: Name,
    /// When all signatures on the path are valid.
    pub window: Window,
    /// How long the answer may be kept from now, in seconds.
    pub cache_ttl: u32,
    /// The same proof without the records that were not needed.
    pub proof: Proof,
}

/// Where and why a proof fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{record_set}: {reason}")]
pub struct Bogus {
    /// The record set at which the chain breaks.
    pub record_set: RecordSetName,
    /// The zone whose keys were to sign it, when known.
    pub zone: Option<Name>,
    /// What is wrong with it.
    pub reason: Reason,
}

/// The owner name and type of a record set.
///
/// ```
/// use payname_resolver::{hickory_proto::rr::{Name, RecordType}, proof::RecordSetName};
///
/// let owner = Name::from_ascii("example.com.")?;
/// let record_set = RecordSetName { owner, record_type: RecordType::DNSKEY };
/// assert_eq!(record_set.to_string(), "example.com. DNSKEY");
///
/// // A name is told as DNS has it: text of other scripts can look like another name.
/// let owner = Name::from_ascii("xn--xample-2of.com.")?;
/// let record_set = RecordSetName { owner, record_type: RecordType::DNSKEY };
/// assert_eq!(record_set.to_string(), "xn--xample-2of.com. DNSKEY");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordSetName {
    /// The owner name, lower case.
    pub owner: Name,
    /// The type.
    pub record_type: RecordType,
}

impl fmt::Display for RecordSetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner.to_ascii(), self.record_type)
    }
}

/// Why a record set is not believed. Each has a stable [`code`](Reason::code).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Neither the records nor a proof of their absence are there.
    #[error("the proof holds neither these records nor a denial of them")]
    Missing,
    /// The records have no signature.
    #[error("there is no signature over these records")]
    Unsigned,
    /// A signature ended before the time asked about.
    #[error("the signature expired at {at}; ask for a fresh proof, or check the clock")]
    Expired {
        /// The last valid second.
        at: UnixTime,
    },
    /// A signature begins after the time asked about.
    #[error("the signature is not valid before {at}; check the clock")]
    NotYetValid {
        /// The first valid second.
        at: UnixTime,
    },
    /// A signature ends before it begins.
    #[error("the signature ends before it begins")]
    EmptyWindow,
    /// The signer is no zone that may sign this name.
    #[error("the signer {} is not a zone above this name", signer.to_ascii())]
    ForeignSigner {
        /// The signer's name in the RRSIG.
        signer: Name,
    },
    /// An RRSIG, DNSKEY, DS, NSEC, NSEC3, CNAME or DNAME record cannot be read.
    #[error("a {0} record is malformed")]
    Malformed(RecordType),
    /// The RRSIG names more labels than the owner name has.
    #[error("the signature counts more labels than the name has")]
    LabelCount,
    /// The signature's algorithm is not accepted.
    #[error("signature algorithm {0} is not accepted; accepted are 8, 10, 13, 14 and 15")]
    Algorithm(u8),
    /// An RSA key is too short.
    #[error("the RSA key has {bits} bits; at least 1024 are needed")]
    WeakKey {
        /// The length of the modulus.
        bits: usize,
    },
    /// No key of the zone has the tag and algorithm that the signature names.
    #[error("no key of the zone has tag {key_tag} and algorithm {algorithm}")]
    NoSuchKey {
        /// The key tag in the RRSIG.
        key_tag: u16,
        /// The algorithm in the RRSIG.
        algorithm: u8,
    },
    /// The signature does not fit the records and the key.
    #[error("the signature does not match the records")]
    WrongSignature,
    /// The zone's keys match neither a DS record nor a trust anchor.
    #[error("no key of the zone matches its DS records or trust anchors")]
    NoMatchingDs,
    /// The DS records have only digest types that are not accepted.
    #[error("the DS records use no accepted digest type (2 or 4; 1 only when alone)")]
    DigestType,
    /// No trust anchor is above the name.
    #[error("no trust anchor covers this name")]
    NoAnchor,
    /// The record came from a wildcard and nothing shows that the name itself does not exist.
    #[error(
        "the record comes from a wildcard, and nothing proves that {} does not exist",
        next_closer.to_ascii()
    )]
    WildcardUnproven {
        /// The name whose absence must be shown.
        next_closer: Name,
    },
    /// A wildcard record where none may be used.
    #[error("a record of this type must not come from a wildcard")]
    WildcardForbidden,
    /// There are more CNAME and DNAME records on the way than allowed, or a loop.
    #[error("the name leads through more than {limit} CNAME and DNAME records, or in a circle")]
    TooManyHops {
        /// The most that are followed.
        limit: usize,
    },
    /// There is more than one CNAME at a name, or a DNAME makes a name too long.
    #[error("the name has no single target")]
    Ambiguous,
    /// Checking on would take more work than any honest proof needs (KeyTrap).
    #[error("the proof asks for more than {limit} signature checks")]
    TooManySignatures {
        /// The most that are made.
        limit: usize,
    },
    /// More signatures do not match than chance explains (KeyTrap).
    #[error("{limit} signature checks have failed; no honest proof has more")]
    TooManyWrongSignatures {
        /// The most that may fail.
        limit: usize,
    },
    /// NSEC3 hashing that costs more than RFC 9276 allows.
    #[error("NSEC3 with {iterations} iterations is not followed; at most {limit} are")]
    TooManyIterations {
        /// The iterations asked for.
        iterations: u16,
        /// The most that are made.
        limit: u16,
    },
    /// Checking on would take more work than any honest denial needs.
    #[error(
        "the proof asks for more than {limit} looks at NSEC and NSEC3 records and their hashes"
    )]
    TooManyDenials {
        /// The most that are made.
        limit: usize,
    },
}

impl Reason {
    /// A stable name for programs, such as `expired`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unsigned => "unsigned",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::EmptyWindow => "empty_window",
            Self::ForeignSigner { .. } => "foreign_signer",
            Self::Malformed(_) => "malformed",
            Self::LabelCount => "label_count",
            Self::Algorithm(_) => "algorithm",
            Self::WeakKey { .. } => "weak_key",
            Self::NoSuchKey { .. } => "no_such_key",
            Self::WrongSignature => "wrong_signature",
            Self::NoMatchingDs => "no_matching_ds",
            Self::DigestType => "digest_type",
            Self::NoAnchor => "no_anchor",
            Self::WildcardUnproven { .. } => "wildcard_unproven",
            Self::WildcardForbidden => "wildcard_forbidden",
            Self::TooManyHops { .. } => "too_many_hops",
            Self::Ambiguous => "ambiguous",
            Self::TooManySignatures { .. } => "too_many_signatures",
            Self::TooManyWrongSignatures { .. } => "too_many_wrong_signatures",
            Self::TooManyIterations { .. } => "too_many_iterations",
            Self::TooManyDenials { .. } => "too_many_denials",
        }
    }
}
