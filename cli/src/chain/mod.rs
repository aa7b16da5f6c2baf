//! The chain of a proof, from the trust anchors to the answer: as a picture and as data.
//!
//! Both are made of the resolver's [`Explanation`](payname_resolver::proof::Explanation).

mod data;
mod picture;

pub use data::json;
pub use picture::picture;

use payname_resolver::{
    hickory_proto::rr::Name,
    proof::{Detail, Explanation, Link},
};

/// The mnemonic of a signature algorithm (IANA, DNS Security Algorithm Numbers).
fn algorithm(number: u8) -> String {
    let known = match number {
        5 => "RSASHA1",
        7 => "RSASHA1-NSEC3-SHA1",
        8 => "RSASHA256",
        10 => "RSASHA512",
        13 => "ECDSAP256SHA256",
        14 => "ECDSAP384SHA384",
        15 => "ED25519",
        16 => "ED448",
        _ => return format!("algorithm {number}"),
    };
    known.to_owned()
}

/// The name of a digest type (RFC 4034 appendix A.2, RFC 4509, RFC 6605).
fn digest(number: u8) -> &'static str {
    match number {
        1 => "SHA-1",
        2 => "SHA-256",
        4 => "SHA-384",
        _ => "unknown digest",
    }
}

/// The zones whose keys are proven, the root's first.
fn zones(explanation: &Explanation) -> Vec<&Name> {
    explanation.zones().collect()
}

/// The set that says `zone` has the keys it has, or that its parent vouches for them.
fn is_of_zone(link: &Link, zone: &Name) -> bool {
    let is_link = matches!(link.detail, Detail::Keys(_) | Detail::Delegation(_));
    is_link && link.record_set.owner == *zone
}
