//! What the parent says of a zone, and what it should say.

use hickory_proto::dnssec::rdata::DS;
use payname_resolver::UnixTime;

/// The DS records that the parent was seen to serve, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentView {
    /// The records; none when the parent is proven to have none.
    pub ds: Vec<DS>,
    /// Their TTL as the parent signed it, not as a cache counts it down, in seconds; of the proof
    /// that there are none when there are none.
    pub ttl: u32,
    /// When the parent's signature began, which has surely come; none when nobody signed it.
    pub signed_from: Option<UnixTime>,
}

/// What is to be done at the registrar, or in the zone above.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParentAdvice {
    /// DS records that are missing there.
    pub add: Vec<DS>,
    /// DS records to take away.
    pub remove: Vec<DS>,
    /// Whether nobody can prove the zone's names until it is done.
    pub urgent: bool,
}

impl ParentAdvice {
    /// Whether all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}
