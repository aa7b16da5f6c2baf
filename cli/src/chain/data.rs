//! The chain as JSON; every link has the same keys.

use payname_resolver::{
    hickory_proto::rr::Name,
    proof::{Detail, Digest, Explanation, Key, Link, Shown, Voucher},
};
use serde_json::{Value, json};

use super::{algorithm, digest};

/// The zones and the signed record sets of a chain, the root's first.
pub fn json(explanation: &Explanation) -> Value {
    let zones: Vec<String> = explanation.zones().map(Name::to_ascii).collect();
    let links: Vec<Value> = explanation.links.iter().map(link).collect();
    json!({ "zones": zones, "links": links })
}

fn link(link: &Link) -> Value {
    let (mut keys, mut digests, mut alias, mut shown, mut records) = (None, None, None, None, None);
    match &link.detail {
        Detail::Keys(all) => keys = Some(all.iter().map(key).collect::<Vec<_>>()),
        Detail::Delegation(all) => digests = Some(all.iter().map(ds).collect::<Vec<_>>()),
        Detail::Alias(target) => alias = Some(target.to_ascii()),
        Detail::Denial(all) => shown = Some(all.iter().map(denied).collect::<Vec<_>>()),
        Detail::Records(count) => records = Some(*count),
        _ => {}
    }
    json!({
        "owner": link.record_set.owner.to_ascii(),
        "type": link.record_set.record_type.to_string(),
        "zone": link.zone.to_ascii(),
        "key_tag": link.key_tag,
        "algorithm": link.algorithm,
        "algorithm_name": algorithm(link.algorithm),
        "valid_from": link.window.valid_from.0,
        "valid_until": link.window.valid_until.0,
        "ttl": link.original_ttl,
        "wildcard": link.wildcard.as_ref().map(Name::to_ascii),
        "keys": keys,
        "digests": digests,
        "alias": alias,
        "shows": shown,
        "records": records,
    })
}

fn key(key: &Key) -> Value {
    json!({
        "key_tag": key.key_tag,
        "algorithm": key.algorithm,
        "algorithm_name": algorithm(key.algorithm),
        "flags": key.flags,
        "vouched_by": key.voucher.map(|voucher| match voucher {
            Voucher::Anchor => "anchor",
            Voucher::Ds => "ds",
        }),
    })
}

fn ds(ds: &Digest) -> Value {
    json!({
        "key_tag": ds.key_tag,
        "algorithm": ds.algorithm,
        "algorithm_name": algorithm(ds.algorithm),
        "digest_type": ds.digest_type,
        "digest_name": digest(ds.digest_type),
    })
}

fn denied(shown: &Shown) -> Value {
    let (name, exists) = match shown {
        Shown::Matches(name) => (name, true),
        Shown::Covers(name) => (name, false),
    };
    json!({ "name": name.to_ascii(), "exists": exists })
}
