//! What a zone refuses, and why.

use hickory_proto::rr::{Name, RecordType};

use crate::denial::{Denial, MAX_ITERATIONS};
use crate::names::{canonical, presentation};
use crate::node::Node;
use crate::packed::SetFault;
use crate::record_data::dname_target;
use crate::record_set::{RecordSet, RecordSetError};
use crate::sign::SignError;
use crate::zone::Zone;

/// The longest origin below which hashed owner names still fit (255 − 33 octets).
pub(crate) const MAX_ORIGIN_LENGTH: usize = 221;

impl Zone {
    /// Whether records of a type could be set at a name now: what is refused for the place, the
    /// type, or an alias that is there.
    ///
    /// # Errors
    /// [`ZoneError`] as [`Zone::set_records`] would say.
    pub fn check_free(&self, owner: &Name, record_type: RecordType) -> Result<(), ZoneError> {
        self.check_free_at(&canonical(owner), record_type)
    }

    /// The same for an owner in lower case.
    pub(crate) fn check_free_at(
        &self,
        owner: &Name,
        record_type: RecordType,
    ) -> Result<(), ZoneError> {
        self.check_place(owner)?;
        self.check_type(owner, record_type)?;
        let node = self.nodes.get(owner);
        if node.is_some_and(|node| node.has(RecordType::CNAME)) {
            return Err(ZoneError::CnameAndOtherData(presentation(owner)));
        }
        if node.is_some_and(Node::is_cut) {
            let (owner, cut) = (presentation(owner), presentation(owner));
            return Err(ZoneError::Delegated { owner, cut });
        }
        Ok(())
    }

    /// Refuses names outside the zone, and those below a delegation or a DNAME.
    pub(crate) fn check_place(&self, owner: &Name) -> Result<(), ZoneError> {
        if !self.origin().zone_of(owner) {
            return Err(ZoneError::NotInZone {
                owner: presentation(owner),
                origin: presentation(self.origin()),
            });
        }
        if !self.nodes.redirect() {
            return Ok(());
        }
        if let Some(cut) = self.nodes.cut_above(owner) {
            return Err(ZoneError::Delegated {
                owner: presentation(owner),
                cut: presentation(&cut),
            });
        }
        let dname = |node: &Node| node.has(RecordType::DNAME);
        if let Some(redirect) = self.nodes.ancestor_where(owner, dname) {
            return Err(ZoneError::Redirected {
                owner: presentation(owner),
                dname: presentation(&redirect),
            });
        }
        Ok(())
    }

    /// Refuses the types the zone keeps by itself, and those that are no data.
    pub(crate) fn check_type(
        &self,
        owner: &Name,
        record_type: RecordType,
    ) -> Result<(), ZoneError> {
        let is_meta = matches!(u16::from(record_type), 0 | 41 | 128..=255);
        let is_kept = matches!(
            record_type,
            RecordType::SOA
                | RecordType::NS
                | RecordType::DS
                | RecordType::DNSKEY
                | RecordType::CDS
                | RecordType::CDNSKEY
                | RecordType::RRSIG
                | RecordType::NSEC
                | RecordType::NSEC3
                | RecordType::NSEC3PARAM
        );
        if is_meta || is_kept {
            return Err(ZoneError::OwnedByZone {
                owner: presentation(owner),
                record_type,
            });
        }
        Ok(())
    }

    /// Refuses what may not stand beside, or above, what is already there.
    pub(crate) fn check_neighbours(&self, owner: &Name, set: &RecordSet) -> Result<(), ZoneError> {
        let record_type = set.record_type();
        let singleton = matches!(record_type, RecordType::CNAME | RecordType::DNAME);
        if singleton && set.data().len() > 1 {
            return Err(ZoneError::Single {
                owner: presentation(owner),
                record_type,
            });
        }
        if record_type == RecordType::DNAME {
            if owner.is_wildcard() || !set.data().iter().all(|data| dname_target(data).is_some()) {
                return Err(ZoneError::BadDname(presentation(owner)));
            }
            if let Some(below) = self.nodes.below(owner).first() {
                return Err(ZoneError::NamesBelow {
                    owner: presentation(owner),
                    below: presentation(below),
                });
            }
        }
        let Some(node) = self.nodes.get(owner) else {
            return Ok(());
        };
        if node.is_cut() {
            return Err(ZoneError::Delegated {
                owner: presentation(owner),
                cut: presentation(owner),
            });
        }
        let others = || {
            let types = node.sets().map(|set| set.record_type());
            types.filter(|other| *other != record_type)
        };
        let conflict = if record_type == RecordType::CNAME {
            others().next().is_some()
        } else {
            others().any(|other| other == RecordType::CNAME)
        };
        if conflict {
            return Err(ZoneError::CnameAndOtherData(presentation(owner)));
        }
        Ok(())
    }
}

/// Why a zone could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// The settings name no server.
    #[error("zone {0} has no name server; give it at least one")]
    NoNameServer(String),
    /// Hashed owner names would not fit below the origin.
    #[error("the zone name {0} is longer than {MAX_ORIGIN_LENGTH} octets")]
    OriginTooLong(String),
    /// The owner lies elsewhere.
    #[error("{owner} is not in zone {origin}")]
    NotInZone {
        /// The refused owner name.
        owner: String,
        /// The apex of the zone.
        origin: String,
    },
    /// Authority for the owner was given to a child zone.
    #[error("{owner} belongs to the child zone {cut}; change it there")]
    Delegated {
        /// The refused owner name.
        owner: String,
        /// Where authority passes on.
        cut: String,
    },
    /// Everything at and below this place was redirected.
    #[error("{owner} lies below the DNAME at {dname}; remove that first")]
    Redirected {
        /// The refused owner name.
        owner: String,
        /// Where the DNAME is.
        dname: String,
    },
    /// The zone keeps this type by itself.
    #[error(
        "{record_type} records of {owner} are not set directly; see the zone's settings and delegations"
    )]
    OwnedByZone {
        /// The refused owner name.
        owner: String,
        /// The refused type.
        record_type: RecordType,
    },
    /// A CNAME tolerates no other records at its name.
    #[error("{0} cannot hold a CNAME and other records; remove one of them first")]
    CnameAndOtherData(String),
    /// More than one CNAME or DNAME was given.
    #[error("{owner} can have only one {record_type} record")]
    Single {
        /// The refused owner name.
        owner: String,
        /// The refused type.
        record_type: RecordType,
    },
    /// A DNAME at a wildcard, or without exactly one uncompressed target.
    #[error("{0} cannot hold this DNAME: it needs one uncompressed target and no wildcard owner")]
    BadDname(String),
    /// A delegation or DNAME would hide names that exist.
    #[error("{owner} cannot be delegated or redirected while {below} exists")]
    NamesBelow {
        /// The refused owner name.
        owner: String,
        /// A name that would be hidden.
        below: String,
    },
    /// A delegation of the apex, of a wildcard, or of a name that has records.
    #[error("{0} cannot be delegated; it is the apex, a wildcard, or has records of its own")]
    NotDelegable(String),
    /// There is no delegation to take back.
    #[error("{0} is not delegated")]
    NotDelegated(String),
    /// The records do not make a record set.
    #[error("cannot set the records of {0}")]
    Records(String, #[source] RecordSetError),
    /// It has no keys here: its sets come from where it is signed.
    #[error("zone {0} is signed elsewhere; change it there")]
    SignedElsewhere(String),
    /// A stored or transferred set is not one.
    #[error("cannot take over the {record_type} records of {owner}: {fault}")]
    StoredSet {
        /// Their owner name.
        owner: String,
        /// Their type.
        record_type: RecordType,
        /// What is wrong with them.
        fault: SetFault,
    },
    /// The apex lacks what every signed zone has.
    #[error("zone {origin} has no {record_type} records; its sets are not complete")]
    Incomplete {
        /// The apex of the zone.
        origin: String,
        /// What is missing.
        record_type: RecordType,
    },
    /// There are no denial records, or no signatures at the apex.
    #[error("zone {0} is not signed; sign it where it comes from")]
    NotSigned(String),
    /// Stored denial records are not of the kind that is asked for, or of two kinds.
    #[error("zone {0} does not deny names by {1:?} as it is stored; build it anew")]
    OtherDenial(String, Denial),
    /// A denial record does not lead to the next one, or names are hashed otherwise there.
    #[error(
        "the {record_type} record of {owner} does not lead to the next; some denial records are missing"
    )]
    ChainBroken {
        /// The owner name of the denial record.
        owner: String,
        /// NSEC or NSEC3.
        record_type: RecordType,
    },
    /// NSEC3 with more iterations than resolvers accept.
    #[error(
        "zone {origin} hashes names {iterations} more times; at most {MAX_ITERATIONS} are accepted (RFC 9276)"
    )]
    Iterations {
        /// The apex of the zone.
        origin: String,
        /// How many were found.
        iterations: u16,
    },
    /// Changes without an SOA, so that nobody would notice them.
    #[error("the changes to zone {0} hold no SOA record; every change has a serial")]
    SameSerial(String),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
