//! What a zone is told when it is made.

use std::net::IpAddr;

use hickory_proto::rr::Name;

use crate::denial::Denial;
use crate::sign::SignaturePolicy;

/// A name server of a zone, and where it can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// The target of the NS record.
    pub name: Name,
    /// Published only where they are needed: inside the zone, or as glue in its parent.
    pub addresses: Vec<IpAddr>,
}

impl NameServer {
    /// A name server with its addresses; none are needed when its name lies elsewhere.
    pub fn new(name: Name, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            name,
            addresses: addresses.into_iter().collect(),
        }
    }
}

/// What a zone is told when it is made; the fields are for changing before [`crate::Zone::new`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The apex: `example.com.`, or the root.
    pub origin: Name,
    /// At least one; the first is the primary of the SOA.
    pub name_servers: Vec<NameServer>,
    /// The responsible mailbox as a name (RFC 1035 §3.3.13); `hostmaster` in the zone by default.
    pub contact: Name,
    /// The TTL of SOA, NS, DNSKEY and name server addresses, in seconds; 3600 by default.
    pub infrastructure_ttl: u32,
    /// How long resolvers may remember that a name does not exist, in seconds; 300 by default.
    ///
    /// It is also the longest time until a new name can be paid everywhere.
    pub negative_ttl: u32,
    /// How the zone denies names; NSEC3 by default.
    pub denial: Denial,
    /// How long signatures last.
    pub signatures: SignaturePolicy,
}

impl Settings {
    /// Settings with the defaults written at each field.
    pub fn new(origin: Name, name_servers: impl IntoIterator<Item = NameServer>) -> Self {
        let contact = origin.prepend_label("hostmaster");
        Self {
            contact: contact.unwrap_or_else(|_| origin.clone()),
            origin,
            name_servers: name_servers.into_iter().collect(),
            infrastructure_ttl: 3600,
            negative_ttl: 300,
            denial: Denial::default(),
            signatures: SignaturePolicy::default(),
        }
    }
}
